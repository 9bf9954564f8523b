/**
 * How a foreign encoding is served in codecs that every client has. Computed once an encoding of an
 * array, from metadata alone, without I/O, so it can be tested as data. DESIGN: pass, frame, transcode.
 */

import { portableStages } from "../codecs/stages.ts";
import type { ArrayMetadata } from "../zarr/metadata.ts";
import { planFrame } from "./frame.ts";
import { type Pipeline, readPipeline } from "./pipeline.ts";
import type { ChunkPlan } from "./tier.ts";
import { planTranscode } from "./transcode.ts";

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
