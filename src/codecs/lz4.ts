/**
 * LZ4 blocks. Source: lz4_Block_format.md. By hand because no maintained library that is plain
 * JavaScript tells how many bytes a block gave, and a short block must not pass.
 */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { checkSize, compressed, type Size } from "./size.ts";

/** Bytes of the decoded length that numcodecs writes in front of its block. */
const HEADER_BYTES = 4;

export const lz4: Codec = {
  name: "numcodecs.lz4",
  aliases: ["lz4"],
  kind: "bytes→bytes",
  payload: { cname: "lz4", headerBytes: HEADER_BYTES },
  decoder: (_stage, { decoded }) => ({
    decode: (bytes) => decodeLz4(bytes, decoded),
    encoded: compressed(decoded),
  }),
};

const MIN_MATCH = 4;

/** Decompresses one block to fill `out` exactly. @throws ChunkError */
export function decodeLz4Block(block: Uint8Array, out: Uint8Array): void {
  const { length } = out;
  let read = 0;
  let written = 0;
  const readLength = (nibble: number): number => {
    let total = nibble;
    if (nibble === 15) {
      let byte: number;
      do {
        if (read >= block.length) throw corrupt();
        byte = block[read++];
        total += byte;
      } while (byte === 255);
    }
    return total;
  };
  for (;;) {
    if (read >= block.length) throw corrupt();
    const token = block[read++];
    const literals = readLength(token >> 4);
    if (read + literals > block.length || written + literals > length) throw corrupt();
    out.set(block.subarray(read, read + literals), written);
    read += literals;
    written += literals;
    // The last sequence is literals only.
    if (read === block.length) break;
    if (read + 2 > block.length) throw corrupt();
    const distance = block[read] | block[read + 1] << 8;
    read += 2;
    const match = readLength(token & 15) + MIN_MATCH;
    if (distance === 0 || distance > written || written + match > length) throw corrupt();
    copyMatch(out, written, distance, match);
    written += match;
  }
  if (written !== length) throw corrupt();
}

/** Decodes what numcodecs' `LZ4` wrote: the decoded length (int32, little-endian), then a block. */
function decodeLz4(bytes: Uint8Array, size: Size): Uint8Array {
  if (bytes.length < HEADER_BYTES) throw corrupt();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getInt32(0, true);
  if (length < 0) throw corrupt();
  checkSize("lz4", length, size);
  const out = new Uint8Array(length);
  decodeLz4Block(bytes.subarray(HEADER_BYTES), out);
  return out;
}

/** Copies `length` bytes from `distance` before `at`; source and target may overlap. */
export function copyMatch(out: Uint8Array, at: number, distance: number, length: number): void {
  if (distance >= length) {
    out.copyWithin(at, at - distance, at - distance + length);
  } else if (distance === 1) {
    out.fill(out[at - 1], at, at + length);
  } else {
    for (let i = at; i < at + length; i++) out[i] = out[i - distance];
  }
}

function corrupt(): ChunkError {
  return new ChunkError("An LZ4 block is corrupt or of another length");
}
