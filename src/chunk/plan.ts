/**
 * How a foreign encoding is served in codecs that every client has. Computed once an encoding of an
 * array, from metadata alone, without I/O, so it can be tested as data. DESIGN: pass, frame, transcode.
 */

import { type DecodeStep, heldBytes } from "../codecs/decode_steps.ts";
import { portableStages } from "../codecs/stages.ts";
import { encodeZstd, ZSTD_CODEC, zstdBound } from "../codecs/zstd.ts";
import type { ArrayMetadata, Codec } from "../zarr/metadata.ts";
import { planFrame } from "./frame.ts";
import { type Pipeline, readPipeline } from "./pipeline.ts";
import { planDecoding } from "./transcode.ts";

/** Writes the portable encoding of raw chunk bytes. */
export interface EncodeStep {
  /** The name of the portable codec. */
  readonly name: string;
  /** Encodes a whole chunk. */
  encode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** How the chunks of one array are served, and the v3 codecs that say so. */
export type ChunkPlan =
  | {
    readonly tier: "pass";
    /** The codecs of the bytes as they are stored. */
    readonly codecs: readonly Codec[];
    /**
     * Bytes of every chunk where nothing compresses it: not all clients see that a chunk of another
     * length is none.
     */
    readonly rawBytes?: number;
  }
  | {
    readonly tier: "frame";
    readonly codecs: readonly Codec[];
    /** The container's header for a payload of that many bytes (after trimming). @throws ChunkError */
    prefix(payloadLength: number): Uint8Array;
    /** False for a payload that the container would misread: that chunk is decoded and stored. */
    fits(payloadLength: number): boolean;
    /** The container around raw bytes, and its length in bytes. */
    readonly stored: { readonly length: number; frame(raw: Uint8Array): Uint8Array };
    /** Bytes of the stored chunk that are not payload, at its start and end. */
    readonly trimStart: number;
    readonly trimEnd: number;
    /** Uncompressed bytes of a chunk. */
    readonly nbytes: number;
    /** Full decoding, for the chunks whose payload does not fit the frame. */
    readonly decode: readonly DecodeStep[];
    /** The most bytes that decoding such a chunk holds at one time, the stored ones not counted. */
    readonly decodedBytes: number;
  }
  | {
    readonly tier: "transcode";
    readonly codecs: readonly Codec[];
    readonly decode: readonly DecodeStep[];
    readonly encode: EncodeStep;
    /** The most bytes that converting a chunk holds at one time, the stored ones not counted. */
    readonly decodedBytes: number;
  }
  /** None of the tiers can serve it: the source's own codecs, bytes untouched, and why. */
  | { readonly tier: "native"; readonly codecs: readonly Codec[]; readonly reason: string };

/**
 * The cheapest tier that serves an array whose metadata is `metadata`, in Zarr v3 terms with the
 * source's own codec names. Never throws: what cannot be served is `native`, with the reason.
 */
export function planArray(metadata: ArrayMetadata): ChunkPlan {
  const pipeline = readPipeline(metadata);
  const plan = "reason" in pipeline
    ? pipeline
    : planPass(pipeline) ?? planFrame(pipeline) ?? planTranscode(pipeline);
  return "reason" in plan ? native(metadata, plan.reason) : plan;
}

function native({ codecs }: ArrayMetadata, reason: string): ChunkPlan {
  return { tier: "native", codecs, reason };
}

/** The pass plan: every codec is portable, perhaps under another name. */
function planPass(
  { arrayToArray, arrayToBytes, bytesToBytes, nbytes }: Pipeline,
): ChunkPlan | undefined {
  if (arrayToArray.length > 1) return undefined; // not every client undoes two transpositions
  const codecs = portableStages([...arrayToArray, arrayToBytes, ...bytesToBytes]);
  if (!codecs) return undefined;
  const raw = arrayToBytes.codec.name === "bytes" && bytesToBytes.length === 0 &&
    nbytes !== undefined;
  return { tier: "pass", codecs, ...(raw ? { rawBytes: nbytes } : {}) };
}

function planTranscode(pipeline: Pipeline): ChunkPlan | { readonly reason: string } {
  const raw = planDecoding(pipeline);
  if ("reason" in raw) return raw;
  const { codecs, decode, bytes } = raw;
  return {
    tier: "transcode",
    codecs: [...codecs, ZSTD_CODEC],
    decode,
    encode: { name: "zstd", encode: encodeZstd },
    decodedBytes: Math.max(heldBytes(decode), bytes + zstdBound(bytes)),
  };
}
