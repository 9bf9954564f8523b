/** Decodes a stored chunk whatever its tier, for `check`. */

import { decodeAll } from "../codecs/decode_steps.ts";
import type { ArrayMetadata } from "../zarr/metadata.ts";
import { readPipeline } from "./pipeline.ts";
import { planDecoding } from "./transcode.ts";

/**
 * The bytes of a chunk as its array's `bytes` codec writes them, of exactly the size that its
 * metadata declares; undefined where its codecs have no decoder here (unknown ones, sharding).
 *
 * @throws ChunkError if they do not decode
 */
export async function decodeChunk(
  metadata: ArrayMetadata,
  encoded: Uint8Array,
): Promise<Uint8Array | undefined> {
  const pipeline = readPipeline(metadata);
  if ("reason" in pipeline) return undefined;
  const plan = planDecoding(pipeline);
  return "reason" in plan ? undefined : await decodeAll(plan.decode, encoded);
}
