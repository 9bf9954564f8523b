/** Fractal heaps: where dense links, attributes and shared messages lie. Source: HDF5 File Format Specification III.G. */

import { IndexError } from "../../src/errors.ts";
import { findRecord, openBTree } from "./btree_v2.ts";
import { Cursor } from "./cursor.ts";
import type { Hdf5File } from "./file.ts";

/** The most bytes that one object in a heap may have. */
const MAX_OBJECT_BYTES = 16 * 2 ** 20;

interface Heap {
  readonly hasFilters: boolean;
  readonly maxManaged: number;
  readonly hugeTree?: number;
  /** log2 of the heap's address space. */
  readonly bits: number;
  readonly width: number;
  readonly startBlock: number;
  readonly maxDirect: number;
  readonly root?: number;
  /** Rows of the root's indirect block; 0 if it is a direct block. */
  readonly rows: number;
  readonly idBytes: number;
  readonly isChecked: boolean;
}

async function openHeap(file: Hdf5File, address: number): Promise<Heap> {
  const { offsets, lengths } = file.sizes;
  // without filters; with them, more follows before the checksum
  const bytes = 22 + 12 * lengths + 3 * offsets;
  const cursor = await file.upTo(address, bytes);
  cursor.signature("FRHP").version("a fractal heap", 0);
  const idBytes = cursor.u16();
  const filterBytes = cursor.u16();
  const flags = cursor.u8();
  const maxManaged = cursor.u32();
  cursor.skip(lengths); // next huge id
  const hugeTree = cursor.address();
  cursor.skip(lengths).skip(offsets); // free space and its manager
  cursor.skip(8 * lengths); // sizes and counts of what it holds
  const width = cursor.u16();
  const startBlock = cursor.length();
  const maxDirect = cursor.length();
  const bits = cursor.u16();
  cursor.skip(2); // rows at the start
  const root = cursor.address();
  const rows = cursor.u16();
  if (width === 0 || startBlock === 0 || bits > 64) {
    throw new IndexError("A fractal heap's header is impossible");
  }
  if (filterBytes === 0) await file.checked(address, cursor.at + 4, "a fractal heap's header");
  return {
    hasFilters: filterBytes > 0,
    maxManaged,
    hugeTree,
    bits,
    width,
    startBlock,
    maxDirect,
    root,
    rows,
    idBytes,
    isChecked: (flags & 2) !== 0,
  };
}

/** The object with that id in the heap at `address`. @throws IndexError, OriginError */
export async function readHeapObject(
  file: Hdf5File,
  address: number,
  id: Uint8Array,
): Promise<Uint8Array> {
  const heap = await openHeap(file, address);
  if (heap.hasFilters) throw new IndexError("A fractal heap with filters is not read here");
  const kind = (id[0] >> 4) & 3;
  const cursor = new Cursor(id, file.sizes, 1);
  if (kind === 2) { // tiny: the object is in its id
    const extended = heap.idBytes > 18;
    const length = extended ? ((id[0] & 15) << 8 | cursor.u8()) + 1 : (id[0] & 15) + 1;
    return cursor.take(length);
  }
  if (kind === 1) return await hugeObject(file, heap, cursor);
  const offset = cursor.uint(Math.ceil(heap.bits / 8));
  const most = Math.min(heap.maxDirect, heap.maxManaged);
  const length = cursor.uint(Math.floor(Math.log2(most) / 8) + 1);
  const place = await managedPlace(file, heap, offset, length);
  return (await file.at(place, length)).bytes;
}

async function hugeObject(file: Hdf5File, heap: Heap, id: Cursor): Promise<Uint8Array> {
  const { offsets, lengths } = file.sizes;
  const isDirect = heap.idBytes - 1 >= offsets + lengths;
  let place: number | undefined;
  let length: number;
  if (isDirect) {
    place = id.address();
    length = id.length();
  } else {
    if (heap.hugeTree === undefined) throw new IndexError("A huge object has no index");
    const wanted = id.uint(Math.min(lengths, heap.idBytes - 1));
    const tree = await openBTree(file, heap.hugeTree);
    const record = await findRecord(file, tree, (each) => {
      const key = each.skip(offsets + lengths).length();
      return wanted - key;
    });
    if (!record) throw new IndexError("A huge object is not in its heap's index");
    place = record.address();
    length = record.length();
  }
  if (place === undefined || length > MAX_OBJECT_BYTES) {
    throw new IndexError("A huge object of a fractal heap is out of reach");
  }
  return (await file.at(place, length)).bytes;
}

/** Where byte `offset` of the heap's address space is in the file. */
async function managedPlace(
  file: Hdf5File,
  heap: Heap,
  offset: number,
  length: number,
): Promise<number> {
  let address = heap.root;
  let rows = heap.rows;
  let start = 0; // of the block at `address`, in the heap's space
  for (let depth = 0; depth < 64; depth++) {
    if (address === undefined) throw new IndexError("A fractal heap has no such object");
    if (rows === 0) return address + offset - start;
    const found = blockOf(heap, rows, offset - start);
    if (!found || (length > 0 && offset - start + length > found.from + found.bytes)) {
      throw new IndexError("A fractal heap has no such object");
    }
    const headBytes = 5 + file.sizes.offsets + Math.ceil(heap.bits / 8);
    const cursor = await file.at(address, headBytes + (found.index + 1) * file.sizes.offsets);
    cursor.signature("FHIB").version("a fractal heap's block", 0);
    cursor.at = headBytes + found.index * file.sizes.offsets;
    address = cursor.address();
    start += found.from;
    rows = found.rows;
  }
  throw new IndexError("A fractal heap's blocks have no end");
}

/** The block of an indirect block that holds byte `offset` of it. */
function blockOf(heap: Heap, rows: number, offset: number) {
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const bytes = row < 2 ? heap.startBlock : heap.startBlock * 2 ** (row - 1);
    if (offset < from + bytes * heap.width) {
      const column = Math.floor((offset - from) / bytes);
      const isDirect = bytes <= heap.maxDirect;
      return {
        index: row * heap.width + column,
        from: from + column * bytes,
        bytes,
        // an indirect block of that many bytes has so many rows
        rows: isDirect ? 0 : Math.log2(bytes) - Math.log2(heap.startBlock * heap.width) + 1,
      };
    }
    from += bytes * heap.width;
  }
  return undefined;
}
