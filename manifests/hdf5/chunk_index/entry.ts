/** The elements of fixed and extensible arrays: a chunk's address, and its size where filters apply. */

import type { Cursor } from "../cursor.ts";
import type { ChunkIndexSource, StoredChunk } from "./source.ts";

/** Reads elements of one array. */
export interface EntryReader {
  /** Bytes of an element. */
  readonly bytes: number;
  /** The chunk that the element at the cursor names; undefined if it names none. */
  read(cursor: Cursor, coords: readonly number[]): StoredChunk | undefined;
}

/** A reader of elements. @param isFiltered whether they have a size and a filter mask */
export function entryReader(
  { file, layout, rawBytes }: ChunkIndexSource,
  isFiltered: boolean,
): EntryReader {
  const { offsets } = file.sizes;
  const { sizeBytes } = layout;
  return {
    bytes: isFiltered ? offsets + sizeBytes + 4 : offsets,
    read(cursor, coords) {
      const address = cursor.address();
      if (address === undefined) {
        if (isFiltered) cursor.skip(sizeBytes + 4);
        return undefined;
      }
      const bytes = isFiltered ? cursor.uint(sizeBytes) : rawBytes;
      const filterMask = isFiltered ? cursor.u32() : 0;
      return { coords, address, bytes, filterMask };
    },
  };
}

/** Whether page `page` was written: a bitmap, most significant bit first (page 0 is 0x80). */
export function hasPage(bitmap: Uint8Array, page: number): boolean {
  return (bitmap[page >> 3] & (0x80 >> (page & 7))) !== 0;
}
