/** LZF, the fast filter of h5py. Source: liblzf's `lzf_d.c`. */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { copyMatch } from "./lz4.ts";
import { checkSize, compressed, type Size } from "./size.ts";

export const hdf5Lzf: Codec = {
  name: "hdf5.lzf",
  kind: "bytes→bytes",
  decoder: (_stage, { decoded }) => ({
    decode: (bytes) => decodeLzf(bytes, decoded),
    encoded: compressed(decoded),
  }),
};

function decodeLzf(bytes: Uint8Array, size: Size): Uint8Array {
  const out = new Uint8Array(size.bytes);
  let read = 0;
  let written = 0;
  while (read < bytes.length) {
    const control = bytes[read++];
    if (control < 32) { // so many literals, and one
      const count = control + 1;
      if (read + count > bytes.length || written + count > out.length) throw corrupt();
      out.set(bytes.subarray(read, read + count), written);
      read += count;
      written += count;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += bytes[read++];
    length += 2;
    if (read >= bytes.length) throw corrupt();
    const distance = ((control & 31) << 8 | bytes[read++]) + 1;
    if (distance > written || written + length > out.length) throw corrupt();
    copyMatch(out, written, distance, length);
    written += length;
  }
  checkSize("lzf", written, size);
  return out.subarray(0, written);
}

function corrupt(): ChunkError {
  return new ChunkError("LZF data are corrupt or of another length");
}
