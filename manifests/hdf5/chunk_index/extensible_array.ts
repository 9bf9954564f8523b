/**
 * Chunks in an extensible array: one dimension may grow for ever. Source: HDF5 File Format
 * Specification VII.D ("Extensible Array Index").
 *
 * The first elements stand in the index block. The others stand in data blocks, of which each "super
 * block" has twice as many, or twice as large ones, as the one before: with 16 elements in the smallest,
 * super blocks 0, 1, 2, 3 have 1 × 16, 1 × 32, 2 × 32, 2 × 64 elements. The data blocks of the first super
 * blocks are named by the index block itself.
 */

import { IndexError } from "../../../src/errors.ts";
import { entryReader, hasPage } from "./entry.ts";
import { coordsAt } from "./order.ts";
import type { ChunkIndex, ChunkIndexSource, StoredChunk } from "./source.ts";

interface SuperBlock {
  readonly dataBlocks: number;
  /** Elements of each of its data blocks. */
  readonly elements: number;
  /** Its first element, counted from the end of the index block's own. */
  readonly start: number;
  /** Data blocks in the super blocks before it. */
  readonly before: number;
}

/** Elements one behind the other, the cursor at the first. */
interface Run {
  readonly first: number;
  readonly end: number;
  /** Undefined: none of them was written. */
  readonly cursor?: Awaited<ReturnType<ChunkIndexSource["file"]["at"]>>;
}

/** The index whose header is at `source.address`. @throws IndexError, OriginError */
export async function extensibleArrayIndex(source: ChunkIndexSource): Promise<ChunkIndex> {
  const { file, address, maxGrid } = source;
  const { offsets, lengths } = file.sizes;
  const head = await file.checked(
    address,
    16 + 6 * lengths + offsets,
    "an extensible array's header",
  );
  head.signature("EAHD").version("an extensible array", 0);
  const entries = entryReader(source, head.u8() === 1);
  const entryBytes = head.u8();
  const bits = head.u8();
  const indexed = head.u8();
  const smallest = head.u8();
  const pointers = head.u8();
  const pageEntries = 2 ** head.u8();
  head.skip(4 * lengths); // super and data blocks: how many, how large
  const most = head.length(); // the highest element that was written, and one
  head.skip(lengths);
  const indexBlock = head.address();
  if (entryBytes !== entries.bytes || smallest === 0 || pointers === 0 || bits > 64) {
    throw new IndexError("An extensible array's header is impossible");
  }
  const offsetBytes = Math.ceil(bits / 8);
  const superBlocks = layOut(bits, smallest);
  const direct = 2 * Math.log2(pointers); // super blocks whose data blocks the index block names
  const directBlocks = 2 * (pointers - 1);
  const order = growingFirst(maxGrid);

  const indexBytes = 6 + offsets + indexed * entryBytes +
    (directBlocks + superBlocks.length - direct) * offsets + 4;
  const readIndexBlock = async () =>
    (await file.checked(indexBlock!, indexBytes, "an extensible array's index block"))
      .signature("EAIB").skip(2 + offsets);

  /** The run of elements that holds element `at`. */
  async function runOf(at: number): Promise<Run> {
    const cursor = await readIndexBlock();
    if (at < indexed) return { first: 0, end: indexed, cursor };
    const behind = at - indexed;
    const s = superBlocks.findIndex((each) =>
      behind < each.start + each.dataBlocks * each.elements
    );
    if (s < 0) throw new IndexError("An extensible array has no such element");
    const block = superBlocks[s];
    const number = Math.floor((behind - block.start) / block.elements);
    const first = indexed + block.start + number * block.elements;
    const end = first + block.elements;
    cursor.skip(indexed * entryBytes);
    if (s < direct) {
      const place = cursor.skip((block.before + number) * offsets).address();
      return place === undefined
        ? { first, end }
        : await dataBlock(place, first, end, at, undefined);
    }
    const superAt = cursor.skip((directBlocks + s - direct) * offsets).address();
    if (superAt === undefined) return { first, end };
    const pages = block.elements > pageEntries ? block.elements / pageEntries : 0;
    const bitmapBytes = Math.ceil(pages / 8);
    const prefix = 6 + offsets + offsetBytes;
    const bytes = prefix + block.dataBlocks * (bitmapBytes + offsets) + 4;
    const found = await file.checked(superAt, bytes, "an extensible array's super block");
    found.signature("EASB").skip(prefix - 4);
    const bitmaps = found.take(block.dataBlocks * bitmapBytes);
    const place = found.skip(number * offsets).address();
    if (place === undefined) return { first, end };
    // The pages of all data blocks stand in a row: a block's bits do not start at a byte of their own.
    const isWritten = (page: number) => hasPage(bitmaps, number * pages + page);
    return await dataBlock(place, first, end, at, isWritten);
  }

  async function dataBlock(
    place: number,
    first: number,
    end: number,
    at: number,
    isWritten: ((page: number) => boolean) | undefined,
  ): Promise<Run> {
    const prefix = 6 + offsets + offsetBytes;
    if (end - first <= pageEntries) {
      const bytes = prefix + (end - first) * entryBytes + 4;
      const cursor = await file.checked(place, bytes, "an extensible array's data block");
      return { first, end, cursor: cursor.signature("EADB").skip(prefix - 4) };
    }
    const page = Math.floor((at - first) / pageEntries);
    const from = first + page * pageEntries;
    const run = { first: from, end: from + pageEntries };
    if (isWritten && !isWritten(page)) return run;
    const bytes = pageEntries * entryBytes + 4;
    const cursor = await file.checked(
      place + prefix + 4 + page * bytes,
      bytes,
      "a page of an extensible array",
    );
    return { ...run, cursor };
  }

  return {
    async find(coords) {
      if (indexBlock === undefined) return undefined;
      const at = order.elementOf(coords);
      if (at === undefined || at >= most) return undefined;
      const { first, cursor } = await runOf(at);
      return cursor && entries.read(cursor.skip((at - first) * entryBytes), coords);
    },
    async *all(): AsyncGenerator<StoredChunk> {
      for (let at = 0; indexBlock !== undefined && at < most;) {
        const { end, cursor } = await runOf(at);
        for (; cursor && at < Math.min(end, most); at++) {
          const chunk = entries.read(cursor, order.coordsOf(at));
          if (chunk) yield chunk;
        }
        at = end;
      }
    },
  };
}

function layOut(bits: number, smallest: number): SuperBlock[] {
  const count = 1 + bits - Math.log2(smallest);
  if (!Number.isInteger(count) || count < 1) {
    throw new IndexError("An extensible array's header is impossible");
  }
  let start = 0;
  let before = 0;
  return Array.from({ length: count }, (_, s) => {
    const block = {
      dataBlocks: 2 ** Math.floor(s / 2),
      elements: 2 ** Math.floor((s + 1) / 2) * smallest,
      start,
      before,
    };
    start += block.dataBlocks * block.elements;
    before += block.dataBlocks;
    return block;
  });
}

/** Elements are in C order of the grid with the dimension that grows for ever moved to the front. */
function growingFirst(maxGrid: readonly (number | undefined)[]) {
  const growing = maxGrid.indexOf(undefined);
  if (growing < 0) throw new IndexError("An extensible array is of a dataset that cannot grow");
  const others = maxGrid.filter((_, i) => i !== growing).map((count) => {
    if (count === undefined) {
      throw new IndexError("A dataset with an extensible array grows two ways");
    }
    return count;
  });
  const grid = [Infinity, ...others];
  return {
    elementOf(coords: readonly number[]): number | undefined {
      let at = coords[growing];
      let other = 0;
      for (let i = 0; i < coords.length; i++) {
        if (i === growing) continue;
        if (coords[i] >= others[other]) return undefined;
        at = at * others[other++] + coords[i];
      }
      return at;
    },
    coordsOf(at: number): number[] {
      const coords = coordsAt(at, grid);
      coords.splice(growing, 0, ...coords.splice(0, 1));
      return coords;
    },
  };
}
