/**
 * The Blosc-1 container, written around a payload that exists already: one block, not split, so that
 * the payload is used as it is. Source: c-blosc README_CHUNK_FORMAT.rst; its `blosc.c` for the limits.
 */

import { ChunkError } from "../errors.ts";
import type { CodecSpec } from "./codec.ts";

export interface BloscFrame {
  /** How the payload is compressed: an LZ4 block, a zlib stream or Zstandard frames. */
  readonly cname: "lz4" | "zlib" | "zstd";
  /** True if the payload's content is byte-shuffled. */
  readonly shuffle: boolean;
  /** Bytes of an element, 1 to 255; the stride of the shuffle. */
  readonly typesize: number;
  /** Uncompressed bytes. */
  readonly nbytes: number;
}

/** Bytes of the header of a frame whose one block is compressed. */
const FRAME_PREFIX_BYTES = 24;

/** Bytes of the header of a stored frame. */
export const STORED_HEADER_BYTES = 16;

/** Elements wider than this cannot be shuffled in a frame, bytes. */
export const MAX_TYPESIZE = 255;

/** Uncompressed bytes of a block at most: c-blosc's BLOSC_MAX_BLOCKSIZE, (INT_MAX - 255 * 4) / 3. */
export const MAX_FRAME_BYTES = 715_827_542;

const FORMAT_VERSION = 2;
const INNER_FORMAT_VERSION = 1;
const SHUFFLED = 0x01;
const STORED = 0x02;
const NOT_SPLIT = 0x10;
const INNER_CODEC = { lz4: 1, zlib: 3, zstd: 4 } as const;
const MAX_INT32 = 2 ** 31 - 1;

/**
 * True if a payload of that many bytes can stand in a frame. One as long as the uncompressed block
 * cannot: Blosc takes it for the block itself.
 */
export function fitsFrame(frame: BloscFrame, payloadLength: number): boolean {
  return frame.nbytes > 0 && frame.nbytes <= MAX_FRAME_BYTES &&
    payloadLength > 0 && payloadLength !== frame.nbytes &&
    payloadLength <= MAX_INT32 - FRAME_PREFIX_BYTES;
}

/** The 24 bytes in front of a payload that {@link fitsFrame}. @throws ChunkError if it does not */
export function framePrefix(frame: BloscFrame, payloadLength: number): Uint8Array {
  if (!fitsFrame(frame, payloadLength)) {
    throw new ChunkError(
      `A payload of ${payloadLength} bytes for ${frame.nbytes} does not fit a Blosc frame`,
    );
  }
  const flags = NOT_SPLIT | (frame.shuffle ? SHUFFLED : 0);
  const prefix = header(FRAME_PREFIX_BYTES, frame, flags, FRAME_PREFIX_BYTES + payloadLength);
  const view = new DataView(prefix.buffer);
  view.setUint32(16, 20, true);
  view.setUint32(20, payloadLength, true);
  return prefix;
}

/**
 * A frame that holds raw bytes, neither compressed nor shuffled: 16 bytes, then `raw`.
 *
 * @throws ChunkError if `raw` is not `nbytes` long
 */
export function storedFrame(frame: BloscFrame, raw: Uint8Array): Uint8Array {
  if (raw.length !== frame.nbytes) {
    throw new ChunkError(`${raw.length} bytes do not fit a Blosc frame of ${frame.nbytes}`);
  }
  const stored = storedHeader(frame, STORED_HEADER_BYTES + raw.length);
  stored.set(raw, STORED_HEADER_BYTES);
  return stored;
}

/**
 * The 16 bytes in front of raw ones.
 *
 * @param allocate bytes of the array that starts with them
 * @throws ChunkError if they are too many for a frame
 */
export function storedHeader(frame: BloscFrame, allocate = STORED_HEADER_BYTES): Uint8Array {
  if (frame.nbytes > MAX_FRAME_BYTES) {
    throw new ChunkError(`${frame.nbytes} bytes do not fit a Blosc frame`);
  }
  return header(allocate, frame, STORED, STORED_HEADER_BYTES + frame.nbytes);
}

/** The v3 codec that declares the frames of an array. */
export function frameCodec(frame: BloscFrame): CodecSpec {
  return {
    name: "blosc",
    configuration: {
      typesize: frame.typesize,
      cname: frame.cname,
      clevel: 5,
      shuffle: frame.shuffle ? "shuffle" : "noshuffle",
      blocksize: 0,
    },
  };
}

function header(allocate: number, frame: BloscFrame, flags: number, cbytes: number) {
  const bytes = new Uint8Array(allocate);
  bytes.set([
    FORMAT_VERSION,
    INNER_FORMAT_VERSION,
    flags | INNER_CODEC[frame.cname] << 5,
    frame.typesize,
  ]);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, frame.nbytes, true);
  view.setUint32(8, frame.nbytes, true);
  view.setUint32(12, cbytes, true);
  return bytes;
}
