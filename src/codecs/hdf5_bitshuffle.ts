/**
 * The bitshuffle filter (32008): bits of like weight together, in blocks of elements, plain or each
 * compressed by LZ4 or Zstandard. Source: `bshuf_h5filter.c` and `bitshuffle_core.c`.
 */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { decompress } from "./decompress.ts";
import { readBlocks } from "./hdf5_blocks.ts";
import { decodeLz4Block } from "./lz4.ts";
import { bitUnshuffle } from "./shuffle.ts";
import type { Pace } from "./pace.ts";
import { compressed, type Size } from "./size.ts";

/** Elements that are shuffled together are a multiple of this; fewer at the end stay as they are. */
const UNIT = 8;
/** Bytes of a block, about, where the filter is not told its size; and elements of one at least. */
const DEFAULT_BLOCK_BYTES = 8192;
const MIN_BLOCK_ELEMENTS = 128;

/** The row of `hdf5.bitshuffle`: `elementsize`, `blocksize` in elements (0: the default), `cname`. */
export const hdf5Bitshuffle: Codec = {
  name: "hdf5.bitshuffle",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const elementBytes = integer(configuration.elementsize, 1, 2 ** 16);
    if (elementBytes === undefined) return "does not say its element size";
    const blockElements = integer(configuration.blocksize, 1) ??
      Math.max(
        MIN_BLOCK_ELEMENTS,
        Math.floor(DEFAULT_BLOCK_BYTES / elementBytes / UNIT) * UNIT,
      );
    const { cname } = configuration;
    if (cname !== "lz4" && cname !== "zstd" && cname !== null) return "has another compressor";
    return {
      decode: (bytes, pace) =>
        cname === null
          ? unshuffleBlocks(bytes, elementBytes, blockElements)
          : decodeBlocks(bytes, elementBytes, cname, decoded, pace),
      encoded: cname === null ? decoded : compressed(decoded),
      scratchBytes: decoded.bytes,
    };
  },
};

function unshuffleBlocks(
  bytes: Uint8Array,
  elementBytes: number,
  blockElements: number,
): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const end = eachBlock(bytes.length, elementBytes, blockElements, (from, to) => {
    bitUnshuffle(bytes.subarray(from, to), elementBytes, out.subarray(from, to));
  });
  out.set(bytes.subarray(end), end);
  return out;
}

async function decodeBlocks(
  bytes: Uint8Array,
  elementBytes: number,
  cname: "lz4" | "zstd",
  size: Size,
  pace: Pace,
): Promise<Uint8Array> {
  const blocks = readBlocks("bitshuffle", bytes, size);
  const { decodedBytes, blockBytes } = blocks;
  const blockElements = blockBytes / elementBytes;
  if (decodedBytes > 0 && (!Number.isInteger(blockElements) || blockElements < 1)) {
    throw new ChunkError("bitshuffle data are corrupt");
  }
  const out = new Uint8Array(decodedBytes);
  const places: Array<readonly [from: number, to: number]> = [];
  const end = eachBlock(decodedBytes, elementBytes, blockElements, (from, to) => {
    places.push([from, to]);
  });
  for (const [from, to] of places) {
    if (pace.due()) await pace.turn();
    const exact = { bytes: to - from, exact: true };
    let block = new Uint8Array(cname === "lz4" ? exact.bytes : 0);
    if (cname === "lz4") decodeLz4Block(blocks.next(), block);
    else block = await decompress("zstd", blocks.next(), exact, pace) as Uint8Array<ArrayBuffer>;
    bitUnshuffle(block, elementBytes, out.subarray(from, to));
  }
  const rest = blocks.rest();
  if (rest.length < decodedBytes - end) throw new ChunkError("bitshuffle data are cut short");
  out.set(rest.subarray(0, decodedBytes - end), end);
  return out;
}

/** Calls `block` with the place of each block, in bytes. @returns where they end */
function eachBlock(
  bytes: number,
  elementBytes: number,
  blockElements: number,
  block: (from: number, to: number) => void,
): number {
  const whole = Math.floor(bytes / elementBytes / UNIT) * UNIT * elementBytes;
  const step = Math.max(UNIT, Math.floor(blockElements / UNIT) * UNIT) * elementBytes;
  for (let from = 0; from < whole; from += step) block(from, Math.min(whole, from + step));
  return whole;
}
