/** Where a dataset's chunks are: one look-up is one way down its index, never a scan. */

import { IndexError } from "../../../src/errors.ts";
import type { Dataspace } from "../dataspace.ts";
import type { Hdf5File } from "../file.ts";
import type { DataLayout } from "../layout.ts";
import type { ChunkIndex, ChunkIndexSource, StoredChunk } from "./source.ts";
import { coordsAt, finite, ordinalOf } from "./order.ts";
import { btreeV1Index } from "./btree_v1_index.ts";
import { btreeV2Index } from "./btree_v2_index.ts";
import { extensibleArrayIndex } from "./extensible_array.ts";
import { fixedArrayIndex } from "./fixed_array.ts";

const NO_CHUNKS: ChunkIndex = {
  find: () => Promise.resolve(undefined),
  async *all() {},
};

/** The index of a chunked dataset of shape `space`. @throws IndexError, OriginError */
export async function openChunkIndex(
  file: Hdf5File,
  layout: Extract<DataLayout, { class: "chunked" }>,
  space: Dataspace,
): Promise<ChunkIndex> {
  const { address, chunkShape, elementBytes, index } = layout;
  if (address === undefined) return NO_CHUNKS;
  if (chunkShape.length !== space.shape.length) {
    throw new IndexError("A dataset's shape and its chunks differ in rank");
  }
  const rawBytes = chunkShape.reduce((product, length) => product * length, elementBytes);
  const maxGrid = space.maxShape.map((length, i) =>
    length === undefined ? undefined : Math.ceil(length / chunkShape[i])
  );
  const source = { file, address, layout, rawBytes, maxGrid };
  switch (index.kind) {
    case "btree-v1":
      return btreeV1Index(source);
    case "btree-v2":
      return await btreeV2Index(source);
    case "fixed-array":
      return await fixedArrayIndex(source);
    case "extensible-array":
      return await extensibleArrayIndex(source);
    case "single":
      return only({
        coords: chunkShape.map(() => 0),
        address,
        bytes: index.filteredBytes ?? rawBytes,
        filterMask: index.filterMask,
      });
    case "implicit":
      return implicitIndex(source);
  }
}

function only(chunk: StoredChunk): ChunkIndex {
  return {
    find: (coords) => Promise.resolve(coords.every((at) => at === 0) ? chunk : undefined),
    async *all() {
      yield chunk;
    },
  };
}

/** Chunks that all stand one behind the other, in the order of the largest grid. */
function implicitIndex({ address, rawBytes, maxGrid }: ChunkIndexSource): ChunkIndex {
  const grid = finite(maxGrid);
  const chunkAt = (ordinal: number): StoredChunk => ({
    coords: coordsAt(ordinal, grid),
    address: address + ordinal * rawBytes,
    bytes: rawBytes,
    filterMask: 0,
  });
  const count = grid.reduce((product, n) => product * n, 1);
  return {
    find: (coords) => {
      const ordinal = ordinalOf(coords, grid);
      return Promise.resolve(ordinal === undefined ? undefined : chunkAt(ordinal));
    },
    async *all() {
      for (let ordinal = 0; ordinal < count; ordinal++) yield chunkAt(ordinal);
    },
  };
}
