/** An array as one view shows it, and how its chunks are served. */

import type { ChunkLayout } from "../zarr/chunk_grid.ts";
import type { ArrayMetadata } from "../zarr/metadata.ts";
import type { ChunkPlan } from "./tier.ts";

/** An array as one view shows it. */
export interface ArrayView {
  readonly type: "array";
  readonly path: string;
  /** As the source has it, in v3 terms. */
  readonly native: ArrayMetadata;
  /** As this view shows it. */
  readonly metadata: ArrayMetadata;
  /** How its chunks are served in this view, but for those of another encoding than the usual. */
  readonly plan: ChunkPlan;
  /** How chunks are served by their encoding (`ChunkRef.encoding`); `plan` is the first. */
  readonly plans: readonly ChunkPlan[];
  /** Its grid, and how this view spells its chunks' keys; undefined if its chunks cannot be found. */
  readonly layout?: ChunkLayout;
  /** Why it is not in its groups' documents; undefined if it is. */
  readonly leftOut?: string;
}
