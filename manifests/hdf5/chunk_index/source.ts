/** What every chunk index is read with, and what it tells. */

import type { Hdf5File } from "../file.ts";
import type { DataLayout } from "../layout.ts";

/** A chunk that is in the file. */
export interface StoredChunk {
  /** Its place in the chunk grid. */
  readonly coords: readonly number[];
  /** Where it starts; the file's base is not added. */
  readonly address: number;
  /** Bytes in the file. */
  readonly bytes: number;
  /** Bit `i` is set if filter `i` was not applied to it. */
  readonly filterMask: number;
}

/** The index of one dataset's chunks. */
export interface ChunkIndex {
  /** The chunk at `coords`; undefined if it was never written. @throws IndexError, OriginError */
  find(coords: readonly number[]): Promise<StoredChunk | undefined>;
  /** Every stored chunk, in the index's own order. */
  all(): AsyncIterable<StoredChunk>;
}

/** What every kind of index is read with. */
export interface ChunkIndexSource {
  /** The file. */
  readonly file: Hdf5File;
  /** Where the index is. */
  readonly address: number;
  /** The dataset's layout. */
  readonly layout: Extract<DataLayout, { class: "chunked" }>;
  /** Bytes of a chunk that no filter applies to. */
  readonly rawBytes: number;
  /** Chunks along each dimension as far as it may grow; undefined where it may grow for ever. */
  readonly maxGrid: readonly (number | undefined)[];
}
