/** Integers that use some of the bits of their bytes, as HDF5 has them: moved to the low end, the sign spread. */

import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";

/** The row of `hdf5.precision`: `bits` from bit `offset` of every `bytes`, in the order `endian`. */
export const hdf5Precision: Codec = {
  name: "hdf5.precision",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const bytes = integer(configuration.bytes, 1, 8);
    const offset = integer(configuration.offset, 0, 63);
    const bits = integer(configuration.bits, 1, 64);
    if (bytes === undefined || offset === undefined || bits === undefined) {
      return "does not say which bits it has";
    }
    if (offset + bits > 8 * bytes || decoded.bytes % bytes !== 0) {
      return "does not fit the array's data type";
    }
    const { signed, endian } = configuration;
    return {
      encoded: decoded,
      decode: (stored) => normalize(stored, bytes, offset, bits, signed === true, endian === "big"),
    };
  },
};

function normalize(
  stored: Uint8Array,
  bytes: number,
  offset: number,
  bits: number,
  signed: boolean,
  bigEndian: boolean,
): Uint8Array {
  const out = new Uint8Array(stored.length);
  const place = (at: number, i: number) => at + (bigEndian ? bytes - 1 - i : i);
  for (let at = 0; at + bytes <= stored.length; at += bytes) {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = value << 8n | BigInt(stored[place(at, i)]);
    value >>= BigInt(offset);
    value = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    for (let i = 0; i < bytes; i++) {
      out[place(at, i)] = Number(value & 255n);
      value >>= 8n;
    }
  }
  return out;
}
