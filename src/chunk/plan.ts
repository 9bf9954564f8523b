/**
 * How a foreign encoding is served in codecs that every client has. Computed once an array, from
 * metadata alone, without I/O, so it can be tested as data. DESIGN: pass, frame, transcode.
 */

import type { ArrayMetadata, Codec } from "../zarr/metadata.ts";
import { planFrame } from "./frame.ts";
import { type Pipeline, readPipeline } from "../codecs/pipeline.ts";
import { portableCodec } from "../codecs/portable.ts";
import type { DecodeStep, EncodeStep } from "../codecs/step.ts";
import { planTranscode } from "./transcode.ts";

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
  }
  | {
    readonly tier: "transcode";
    readonly codecs: readonly Codec[];
    readonly decode: readonly DecodeStep[];
    readonly encode: EncodeStep;
  }
  /** None of the tiers can serve it: the source's own codecs, bytes untouched, and why. */
  | { readonly tier: "native"; readonly codecs: readonly Codec[]; readonly reason: string };

/**
 * The cheapest tier that serves an array whose metadata is `metadata`, in Zarr v3 terms with the
 * source's own codec names. Never throws: what cannot be served is `native`, with the reason.
 */
export function planArray(metadata: ArrayMetadata): ChunkPlan {
  const native = ({ reason }: { readonly reason: string }): ChunkPlan => ({
    tier: "native",
    codecs: metadata.codecs,
    reason,
  });
  const pipeline = readPipeline(metadata);
  if ("reason" in pipeline) return native(pipeline);
  const cheap = planPass(pipeline) ?? planFrame(pipeline);
  if (cheap) return cheap;
  const plan = planTranscode(pipeline);
  return "reason" in plan ? native(plan) : plan;
}

/** The pass plan: every codec is portable, perhaps under another name. */
function planPass(
  { arrayToArray, arrayToBytes, bytesToBytes, itemBytes, nbytes, rank }: Pipeline,
): ChunkPlan | undefined {
  if (arrayToArray.length > 1) return undefined; // not every client undoes two transpositions
  const codecs = [...arrayToArray, arrayToBytes, ...bytesToBytes].map((stage) =>
    portableCodec(stage, itemBytes, rank)
  );
  if (!codecs.every((codec) => codec !== undefined)) return undefined;
  const raw = arrayToBytes.id === "bytes" && bytesToBytes.length === 0 && nbytes !== undefined;
  return { tier: "pass", codecs, ...(raw ? { rawBytes: nbytes } : {}) };
}
