/** Decodes a stored chunk whatever its tier, for `check`. */

import type { ArrayMetadata } from "../zarr/metadata.ts";
import { readPipeline } from "../codecs/pipeline.ts";
import { planTranscode } from "./transcode.ts";

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
  const plan = planTranscode(pipeline);
  if ("reason" in plan) return undefined;
  let bytes = encoded;
  for (const step of plan.decode) bytes = await step.decode(bytes);
  return bytes;
}
