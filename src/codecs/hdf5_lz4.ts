/** HDF5's LZ4 filter (32004): blocks of LZ4, stored as they are where that is no longer. */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { readBlocks } from "./hdf5_blocks.ts";
import { decodeLz4Block } from "./lz4.ts";
import { compressed, type Size } from "./size.ts";

export const hdf5Lz4: Codec = {
  name: "hdf5.lz4",
  kind: "bytes→bytes",
  decoder: (_stage, { decoded }) => ({
    decode: (bytes) => decode(bytes, decoded),
    encoded: compressed(decoded),
  }),
};

function decode(bytes: Uint8Array, size: Size): Uint8Array {
  const blocks = readBlocks("lz4", bytes, size);
  const { decodedBytes, blockBytes } = blocks;
  if (blockBytes === 0 && decodedBytes > 0) throw new ChunkError("lz4 data are corrupt");
  const out = new Uint8Array(decodedBytes);
  for (let at = 0; at < decodedBytes; at += blockBytes) {
    const block = blocks.next();
    const part = out.subarray(at, Math.min(decodedBytes, at + blockBytes));
    if (block.length === part.length) part.set(block);
    else decodeLz4Block(block, part);
  }
  return out;
}
