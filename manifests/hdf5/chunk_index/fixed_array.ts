/** Chunks in a fixed array. Source: HDF5 File Format Specification VII.C ("Fixed Array Index"). */

import { IndexError } from "../../../src/errors.ts";
import { entryReader, hasPage } from "./entry.ts";
import { coordsAt, finite, ordinalOf } from "./order.ts";
import type { ChunkIndex, ChunkIndexSource, StoredChunk } from "./source.ts";

/** The index whose header is at `source.address`. @throws IndexError, OriginError */
export async function fixedArrayIndex(source: ChunkIndexSource): Promise<ChunkIndex> {
  const { file, address, maxGrid } = source;
  const { offsets, lengths } = file.sizes;
  const grid = finite(maxGrid);
  const head = await file.checked(address, 12 + lengths + offsets, "a fixed array's header");
  head.signature("FAHD").version("a fixed array", 0);
  const entries = entryReader(source, head.u8() === 1);
  const entryBytes = head.u8();
  const pageEntries = 2 ** head.u8();
  const count = head.length();
  const block = head.address();
  if (entryBytes !== entries.bytes) {
    throw new IndexError("A fixed array's elements have another size");
  }
  const prefix = 6 + offsets;
  const pages = count > pageEntries ? Math.ceil(count / pageEntries) : 0;
  const bitmapBytes = Math.ceil(pages / 8);

  /** Elements `first…` of the page that holds `ordinal`, with the cursor at the first. */
  async function pageOf(ordinal: number) {
    if (block === undefined) return undefined;
    if (pages === 0) {
      const cursor = await file.checked(block, prefix + count * entryBytes + 4, "a fixed array");
      return { cursor: cursor.signature("FADB").skip(prefix - 4), first: 0, end: count };
    }
    const start = await file.checked(block, prefix + bitmapBytes + 4, "a fixed array");
    const bitmap = start.signature("FADB").skip(prefix - 4).take(bitmapBytes);
    const page = Math.floor(ordinal / pageEntries);
    if (!hasPage(bitmap, page)) return undefined;
    const first = page * pageEntries;
    const end = Math.min(count, first + pageEntries);
    const at = block + prefix + bitmapBytes + 4 + page * (pageEntries * entryBytes + 4);
    const bytes = (end - first) * entryBytes + 4;
    return { cursor: await file.checked(at, bytes, "a page of a fixed array"), first, end };
  }

  return {
    async find(coords) {
      const ordinal = ordinalOf(coords, grid);
      if (ordinal === undefined || ordinal >= count) return undefined;
      const page = await pageOf(ordinal);
      return page &&
        entries.read(page.cursor.skip((ordinal - page.first) * entryBytes), coords);
    },
    async *all(): AsyncGenerator<StoredChunk> {
      for (let from = 0; from < count; from += pages === 0 ? count : pageEntries) {
        const page = await pageOf(from);
        if (!page) continue;
        for (let ordinal = page.first; ordinal < page.end; ordinal++) {
          const chunk = entries.read(page.cursor, coordsAt(ordinal, grid));
          if (chunk) yield chunk;
        }
      }
    },
  };
}
