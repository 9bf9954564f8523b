/** One field of records: what an array of an HDF5 compound's field is made of. */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";

/** The row of `hdf5.field`: `bytes` from `offset` of every `record_bytes`. */
export const hdf5Field: Codec = {
  name: "hdf5.field",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const record = integer(configuration.record_bytes, 1);
    const offset = integer(configuration.offset, 0);
    const bytes = integer(configuration.bytes, 1);
    if (record === undefined || offset === undefined || bytes === undefined) {
      return "does not say where the field is";
    }
    if (offset + bytes > record || decoded.bytes % bytes !== 0) {
      return "does not fit the array's data type";
    }
    return {
      decode: (records) => takeField(records, record, offset, bytes),
      encoded: { bytes: decoded.bytes / bytes * record, exact: decoded.exact },
    };
  },
};

function takeField(
  records: Uint8Array,
  record: number,
  offset: number,
  bytes: number,
): Uint8Array {
  if (records.length % record !== 0) throw new ChunkError("A chunk ends within a record");
  const out = new Uint8Array(records.length / record * bytes);
  for (let from = offset, to = 0; to < out.length; from += record, to += bytes) {
    for (let i = 0; i < bytes; i++) out[to + i] = records[from + i];
  }
  return out;
}
