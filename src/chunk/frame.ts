/**
 * The frame tier: stored bytes that are a Blosc payload already. A zlib stream, Zstandard frames and
 * an LZ4 block are, shuffled or not.
 */

import {
  type BloscFrame,
  fitsFrame,
  frameCodec,
  framePrefix,
  MAX_FRAME_BYTES,
  MAX_TYPESIZE,
  STORED_HEADER_BYTES,
  storedFrame,
  storedHeader,
} from "../codecs/blosc_frame.ts";
import { CHECKSUM_BYTES } from "../codecs/checksum.ts";
import type { Stage } from "../codecs/codec.ts";
import { decodeSteps, heldBytes } from "../codecs/decode_steps.ts";
import { fletcher32 } from "../codecs/fletcher32.ts";
import { shuffle, shuffledBytes } from "../codecs/shuffle.ts";
import { portableStages } from "../codecs/stages.ts";
import { ChunkError } from "../errors.ts";
import type { Codec } from "../zarr/metadata.ts";
import type { Pipeline } from "./pipeline.ts";
import type { ChunkPlan } from "./tier.ts";

/** The frame plan of `pipeline`; undefined if its chunks are no such payloads. */
export function planFrame(
  { arrayToArray, arrayToBytes, bytesToBytes, elements, nbytes }: Pipeline,
): Extract<ChunkPlan, { tier: "frame" }> | undefined {
  const { itemBytes } = elements;
  if (arrayToBytes.codec.name !== "bytes" || itemBytes === undefined || nbytes === undefined) {
    return undefined;
  }
  if (nbytes > MAX_FRAME_BYTES || arrayToArray.length > 1) return undefined;
  const layout = readLayout(bytesToBytes, itemBytes);
  const leading = portableStages([...arrayToArray, arrayToBytes]);
  if (!layout || !leading) return undefined;
  const decode = decodeSteps(bytesToBytes, { bytes: nbytes, exact: true });
  if ("reason" in decode) return undefined;
  const { trimStart, trimEnd } = layout;
  const frame: BloscFrame = { ...layout, nbytes };
  const length = STORED_HEADER_BYTES + nbytes;
  return {
    tier: "frame",
    codecs: [...leading, frameCodec(frame)],
    prefix: (payloadLength) => framePrefix(frame, payloadLength),
    fits: (payloadLength) => fitsFrame(frame, payloadLength),
    stored: { length, frame: (raw) => storedFrame(frame, raw) },
    trimStart,
    trimEnd,
    nbytes,
    decode: decode.steps,
    decodedBytes: Math.max(heldBytes(decode.steps), nbytes + length),
  };
}

interface Layout extends Omit<BloscFrame, "nbytes"> {
  readonly trimStart: number;
  readonly trimEnd: number;
}

/**
 * The frame plan of chunks that nothing compresses, in an array whose others are framed: 16 bytes, then
 * the stored ones. `codecs` are those of the array.
 */
export function planStoredFrame(
  { bytesToBytes, elements, nbytes = 0 }: Pipeline,
  codecs: readonly Codec[],
): Extract<ChunkPlan, { tier: "frame" }> | undefined {
  if (bytesToBytes.length > 0 || nbytes === 0 || nbytes > MAX_FRAME_BYTES) return undefined;
  const typesize = Math.min(elements.itemBytes ?? 1, MAX_TYPESIZE);
  const prefix = storedHeader({ cname: "lz4", shuffle: false, typesize, nbytes });
  const length = STORED_HEADER_BYTES + nbytes;
  return {
    tier: "frame",
    codecs,
    prefix: () => prefix,
    fits: (payloadLength) => payloadLength === nbytes,
    stored: {
      length,
      frame(raw) {
        throw new ChunkError(`An uncompressed chunk has ${raw.length} bytes, not ${nbytes}`);
      },
    },
    trimStart: 0,
    trimEnd: 0,
    nbytes,
    decode: [],
    decodedBytes: 0,
  };
}

/** `[shuffle] zlib [fletcher32]`, `shuffle zstd` or `[shuffle] lz4`; undefined for anything else. */
function readLayout(bytesToBytes: readonly Stage[], itemBytes: number): Layout | undefined {
  const rest = [...bytesToBytes];
  const shuffled = rest[0]?.codec === shuffle ? rest.shift() : undefined;
  // Blosc itself takes wider elements for single bytes.
  const typesize = shuffled
    ? shuffledBytes(shuffled.configuration) ?? Infinity
    : itemBytes <= MAX_TYPESIZE
    ? itemBytes
    : 1;
  const payload = rest.shift()?.codec.payload;
  if (!payload || typesize > MAX_TYPESIZE) return undefined;
  const { cname, headerBytes } = payload;
  // A zlib stream has a checksum of its own, so Fletcher's may go unread.
  const checked = cname === "zlib" && rest[0]?.codec === fletcher32 ? rest.shift() : undefined;
  if (rest.length > 0) return undefined;
  return {
    cname,
    shuffle: shuffled !== undefined,
    typesize,
    trimStart: headerBytes,
    trimEnd: checked ? CHECKSUM_BYTES : 0,
  };
}
