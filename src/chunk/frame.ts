/**
 * The frame tier: stored bytes that are a Blosc payload already. A zlib stream, Zstandard frames and
 * an LZ4 block are, shuffled or not.
 */

import { toNumber } from "../json.ts";
import {
  type BloscFrame,
  fitsFrame,
  frameCodec,
  framePrefix,
  MAX_FRAME_BYTES,
  MAX_TYPESIZE,
  STORED_HEADER_BYTES,
  storedFrame,
} from "../codecs/blosc_frame.ts";
import { CHECKSUM_BYTES } from "../codecs/decode/checksum.ts";
import { decodeSteps } from "../codecs/decode_steps.ts";
import type { Pipeline, Stage } from "../codecs/pipeline.ts";
import type { ChunkPlan } from "./plan.ts";
import { portableCodec } from "../codecs/portable.ts";

/** Bytes of the decoded length that numcodecs' LZ4 writes in front of its block. */
const LZ4_HEADER_BYTES = 4;

/** The frame plan of `pipeline`; undefined if its chunks are no such payloads. */
export function planFrame(
  pipeline: Pipeline,
): Extract<ChunkPlan, { tier: "frame" }> | undefined {
  const { arrayToArray, arrayToBytes, bytesToBytes, itemBytes, nbytes, rank } = pipeline;
  if (arrayToBytes.id !== "bytes" || itemBytes === undefined || nbytes === undefined) {
    return undefined;
  }
  if (nbytes > MAX_FRAME_BYTES || arrayToArray.length > 1) return undefined;
  const layout = readLayout(bytesToBytes, itemBytes);
  const leading = [...arrayToArray, arrayToBytes].map((stage) =>
    portableCodec(stage, itemBytes, rank)
  );
  if (!layout || !leading.every((codec) => codec !== undefined)) return undefined;
  const decode = decodeSteps(bytesToBytes, { bytes: nbytes, exact: true });
  if ("reason" in decode) return undefined;
  const { trimStart, trimEnd } = layout;
  const frame: BloscFrame = { ...layout, nbytes };
  return {
    tier: "frame",
    codecs: [...leading, frameCodec(frame)],
    prefix: (payloadLength) => framePrefix(frame, payloadLength),
    fits: (payloadLength) => fitsFrame(frame, payloadLength),
    stored: { length: STORED_HEADER_BYTES + nbytes, frame: (raw) => storedFrame(frame, raw) },
    trimStart,
    trimEnd,
    nbytes,
    decode: decode.steps,
  };
}

interface Layout extends Omit<BloscFrame, "nbytes"> {
  readonly trimStart: number;
  readonly trimEnd: number;
}

/** `[shuffle] zlib [fletcher32]`, `shuffle zstd` or `[shuffle] lz4`; undefined for anything else. */
function readLayout(bytesToBytes: readonly Stage[], itemBytes: number): Layout | undefined {
  const rest = [...bytesToBytes];
  // Blosc itself takes wider elements for single bytes.
  let typesize = itemBytes <= MAX_TYPESIZE ? itemBytes : 1;
  const shuffle = rest[0]?.id === "shuffle" ? rest.shift() : undefined;
  if (shuffle) {
    typesize = toNumber(shuffle.configuration.elementsize) ?? 0;
    if (!Number.isInteger(typesize) || typesize < 1 || typesize > MAX_TYPESIZE) return undefined;
  }
  const cname = rest.shift()?.id;
  if (cname !== "zlib" && cname !== "lz4" && cname !== "zstd") return undefined;
  // A zlib stream has a checksum of its own, so Fletcher's may go unread.
  const fletcher32 = cname === "zlib" && rest[0]?.id === "fletcher32" ? rest.shift() : undefined;
  if (rest.length > 0) return undefined;
  return {
    cname,
    shuffle: shuffle !== undefined,
    typesize,
    trimStart: cname === "lz4" ? LZ4_HEADER_BYTES : 0,
    trimEnd: fletcher32 ? CHECKSUM_BYTES : 0,
  };
}
