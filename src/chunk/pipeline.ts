/** An array's codecs in their places, and the size of what they encode. */

import { chunkShape as chunkShapeOf } from "../zarr/chunk_grid.ts";
import { dataTypeName, itemSize } from "../zarr/data_type.ts";
import type { Json } from "../json.ts";
import type { ArrayMetadata } from "../zarr/metadata.ts";
import type { Elements } from "../codecs/codec.ts";
import { readStages, type Stages } from "../codecs/stages.ts";

/** An array's codecs and what they encode. */
export interface Pipeline extends Stages {
  /** What a chunk's elements are before all codecs. */
  readonly elements: Elements;
  /** Uncompressed bytes of a chunk; undefined where its elements vary in size or chunks in shape. */
  readonly nbytes?: number;
}

/** The pipeline of `metadata`, or why it has none that is understood here. Never throws. */
export function readPipeline(metadata: ArrayMetadata): Pipeline | { readonly reason: string } {
  const itemBytes = itemSize(metadata.data_type);
  const chunkShape = chunkShapeOf(metadata);
  const elements = {
    rank: metadata.shape.length,
    itemBytes,
    dtype: dataTypeName(metadata.data_type),
    chunkShape,
  };
  const stages = readStages(metadata.codecs as unknown as Json, elements);
  return "reason" in stages ? stages : {
    ...stages,
    elements,
    nbytes: chunkShape && itemBytes !== undefined ? chunkBytes(chunkShape, itemBytes) : undefined,
  };
}

function chunkBytes(chunkShape: readonly number[], itemBytes: number): number | undefined {
  const bytes = chunkShape.reduce((product, length) => product * length, itemBytes);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
