/**
 * The blocks of HDF5's LZ4 and bitshuffle filters. In front stand the decoded length (8 bytes) and that of a
 * block (4 bytes), then each block behind its own length (4 bytes); all big-endian.
 */

import { ChunkError } from "../errors.ts";
import { checkSize, type Size } from "./size.ts";

const HEADER_BYTES = 12;

/** Blocks one behind the other. */
export interface Blocks {
  /** Bytes that all of them decode to, and what is behind them. */
  readonly decodedBytes: number;
  /** Bytes that a block decodes to, the last one's fewer. */
  readonly blockBytes: number;
  /** The next block's stored bytes. @throws ChunkError if there is none */
  next(): Uint8Array;
  /** What follows the blocks taken so far. */
  rest(): Uint8Array;
}

/** Reads the header. @throws ChunkError if it says another size than `size`, or what cannot be */
export function readBlocks(codec: string, bytes: Uint8Array, size: Size): Blocks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) throw cutShort(codec);
  const decodedBytes = Number(view.getBigUint64(0));
  const blockBytes = view.getUint32(8);
  checkSize(codec, decodedBytes, size);
  let at = HEADER_BYTES;
  return {
    decodedBytes,
    blockBytes,
    next() {
      if (at + 4 > bytes.length) throw cutShort(codec);
      const end = at + 4 + view.getUint32(at);
      if (end > bytes.length) throw cutShort(codec);
      const block = bytes.subarray(at + 4, end);
      at = end;
      return block;
    },
    rest: () => bytes.subarray(at),
  };
}

function cutShort(codec: string): ChunkError {
  return new ChunkError(`${codec} data are corrupt or cut short`);
}
