/**
 * numcodecs' `PackBits`: eight booleans to a byte. (Not TIFF's, which is a compressor, nor the one of
 * that name in the registry of Zarr v3.) Source: numcodecs/packbits.py.
 */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";

export const packBits: Codec = {
  name: "numcodecs.packbits",
  kind: "array→array",
  ordered: true,
  stored: () => ({ dtype: "uint8", itemBytes: 1 }),
  decoder: (_stage, { decoded: { bytes: count } }) => ({
    decode: (bytes) => unpack(bytes, count),
    encoded: { bytes: 1 + Math.ceil(count / 8), exact: true },
  }),
};

/**
 * How many bits of the last byte are padding, then eight booleans to a byte, the first in the highest
 * bit.
 */
function unpack(bytes: Uint8Array, count: number): Uint8Array {
  if (bytes[0] !== (8 - count % 8) % 8) {
    throw new ChunkError(`packbits did not give ${count} values`);
  }
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = bytes[1 + (i >> 3)] >> (7 - (i & 7)) & 1;
  return out;
}
