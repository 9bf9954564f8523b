/** Chunks in a version 2 B-tree. Source: HDF5 File Format Specification III.A.2, records of types 10 and 11. */

import { IndexError } from "../../../src/errors.ts";
import { allRecords, findRecord, openBTree } from "../btree_v2.ts";
import type { Cursor } from "../cursor.ts";
import type { ChunkIndex, ChunkIndexSource, StoredChunk } from "./source.ts";

/** The type of records that have a size and a filter mask. */
const FILTERED = 11;

/** The index whose header is at `source.address`. @throws IndexError, OriginError */
export async function btreeV2Index(source: ChunkIndexSource): Promise<ChunkIndex> {
  const { file, address, rawBytes, layout: { chunkShape } } = source;
  const tree = await openBTree(file, address);
  const rank = chunkShape.length;
  const placeBytes = file.sizes.offsets + 8 * rank;
  const isFiltered = tree.type === FILTERED;
  const sizeBytes = isFiltered ? tree.recordBytes - placeBytes - 4 : 0;
  if (
    !isFiltered && tree.type !== 10 ||
    (isFiltered ? sizeBytes < 1 || sizeBytes > 8 : tree.recordBytes !== placeBytes)
  ) {
    throw new IndexError("A dataset's B-tree has records of another kind");
  }
  const beforeCoords = tree.recordBytes - 8 * rank;

  const chunkOf = (record: Cursor): StoredChunk => {
    const at = record.address();
    if (at === undefined) throw new IndexError("A chunk's record leads nowhere");
    const bytes = isFiltered ? record.uint(sizeBytes) : rawBytes;
    const filterMask = isFiltered ? record.u32() : 0;
    const coords = chunkShape.map(() => record.uint(8));
    return { coords, address: at, bytes, filterMask };
  };

  return {
    async find(coords) {
      const record = await findRecord(file, tree, (each) => {
        each.skip(beforeCoords);
        for (const coord of coords) {
          const order = coord - each.uint(8);
          if (order !== 0) return order;
        }
        return 0;
      });
      return record && chunkOf(record);
    },
    async *all() {
      for await (const record of allRecords(file, tree)) yield chunkOf(record);
    },
  };
}
