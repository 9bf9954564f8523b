/** Version 2 B-trees: dense links and attributes, and chunks. Source: HDF5 File Format Specification III.A.2. */

import { IndexError } from "../../src/errors.ts";
import type { Cursor } from "./cursor.ts";
import type { Hdf5File } from "./file.ts";

/** Bytes of a node that are neither records nor pointers: signature, version, type and checksum. */
const NODE_OVERHEAD = 10;
const MAX_DEPTH = 32;

/** A tree's header. */
export interface BTree {
  /** What its records are: 5 links by name, 8 attributes by name, 10 chunks, 11 filtered chunks, …. */
  readonly type: number;
  /** Bytes of a record. */
  readonly recordBytes: number;
  /** Records in all. */
  readonly records: number;
  /** Bytes of a node. */
  readonly nodeBytes: number;
  /** Levels above the leaves. */
  readonly depth: number;
  /** The topmost node; undefined in an empty tree. */
  readonly root: Pointer | undefined;
  /** For each level above the leaves: bytes of a pointer's counts. */
  readonly widths: readonly { readonly records: number; readonly total: number }[];
}

/** What leads to a node. */
export interface Pointer {
  /** Where it is. */
  readonly address: number;
  /** Records in it. */
  readonly records: number;
}

/** Compares what is looked for with the record at `at`: negative if it comes before it. */
export type Compare = (record: Cursor) => number;

/** Reads a tree's header. @throws IndexError, OriginError */
export async function openBTree(file: Hdf5File, address: number): Promise<BTree> {
  const { offsets, lengths } = file.sizes;
  const cursor = await file.checked(address, 22 + offsets + lengths, "a B-tree's header");
  cursor.signature("BTHD").version("a B-tree", 0);
  const type = cursor.u8();
  const nodeBytes = cursor.u32();
  const recordBytes = cursor.u16();
  const depth = cursor.u16();
  cursor.skip(2); // when nodes are split and merged
  const rootAddress = cursor.address();
  const rootRecords = cursor.u16();
  const records = cursor.length();
  if (recordBytes === 0 || depth > MAX_DEPTH || nodeBytes <= NODE_OVERHEAD + recordBytes) {
    throw new IndexError("A B-tree's header is impossible");
  }
  const mostInLeaf = Math.floor((nodeBytes - NODE_OVERHEAD) / recordBytes);
  const widths = [];
  let cumulative = mostInLeaf;
  for (let level = 1; level <= depth; level++) {
    const total = level === 1 ? 0 : bytesOf(cumulative);
    widths.push({ records: bytesOf(mostInLeaf), total });
    const pointer = offsets + bytesOf(mostInLeaf) + total;
    const most = Math.floor((nodeBytes - NODE_OVERHEAD - pointer) / (recordBytes + pointer));
    if (most < 1) throw new IndexError("A B-tree's nodes are too small");
    cumulative = (most + 1) * cumulative + most;
  }
  const root = rootAddress === undefined || rootRecords === 0
    ? undefined
    : { address: rootAddress, records: rootRecords };
  return { type, recordBytes, records, nodeBytes, depth, root, widths };
}

/** Bytes that numbers up to `most` take. */
function bytesOf(most: number): number {
  return Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;
}

interface Node {
  /** At the first record. */
  readonly cursor: Cursor;
  readonly children: readonly Pointer[];
}

async function readNode(file: Hdf5File, tree: BTree, at: Pointer, level: number): Promise<Node> {
  const width = level === 0 ? undefined : tree.widths[level - 1];
  const pointer = width ? file.sizes.offsets + width.records + width.total : 0;
  const bytes = NODE_OVERHEAD + at.records * tree.recordBytes +
    (width ? (at.records + 1) * pointer : 0);
  if (bytes > tree.nodeBytes) throw new IndexError("A B-tree's node has too many records");
  const cursor = await file.checked(at.address, bytes, "a B-tree's node");
  cursor.signature(level === 0 ? "BTLF" : "BTIN").version("a B-tree's node", 0);
  if (cursor.u8() !== tree.type) throw new IndexError("A B-tree's node is of another tree");
  const start = cursor.at;
  const children: Pointer[] = [];
  if (width) {
    cursor.skip(at.records * tree.recordBytes);
    for (let i = 0; i <= at.records; i++) {
      const address = cursor.address();
      const records = cursor.uint(width.records);
      cursor.skip(width.total);
      if (address === undefined) throw new IndexError("A B-tree's node leads nowhere");
      children.push({ address, records });
    }
  }
  cursor.at = start;
  return { cursor, children };
}

/** The record for which `compare` is 0, as a cursor at its start; undefined if there is none. */
export async function findRecord(
  file: Hdf5File,
  tree: BTree,
  compare: Compare,
): Promise<Cursor | undefined> {
  let at = tree.root;
  for (let level = tree.depth; at !== undefined; level--) {
    const { cursor, children } = await readNode(file, tree, at, level);
    const start = cursor.at;
    let low = 0;
    let high = at.records;
    while (low < high) {
      const middle = (low + high) >> 1;
      cursor.at = start + middle * tree.recordBytes;
      const order = compare(cursor);
      if (order === 0) {
        cursor.at = start + middle * tree.recordBytes;
        return cursor;
      }
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    at = level === 0 ? undefined : children[low];
  }
  return undefined;
}

/** Every record in order, as one cursor at the start of each in turn. */
export async function* allRecords(file: Hdf5File, tree: BTree): AsyncGenerator<Cursor> {
  let seen = 0;
  async function* walk(at: Pointer, level: number): AsyncGenerator<Cursor> {
    const { cursor, children } = await readNode(file, tree, at, level);
    const start = cursor.at;
    for (let i = 0; i <= at.records; i++) {
      if (level > 0) yield* walk(children[i], level - 1);
      if (i === at.records) break;
      if (++seen > tree.records) throw new IndexError("A B-tree has more records than it says");
      cursor.at = start + i * tree.recordBytes;
      yield cursor;
    }
  }
  if (tree.root) yield* walk(tree.root, tree.depth);
}
