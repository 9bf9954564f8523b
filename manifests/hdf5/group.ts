/** The names below a group, however its file lists them. Source: HDF5 File Format Specification III.A-C and IV.A.2. */

import { IndexError } from "../../src/errors.ts";
import { allRecords, openBTree } from "./btree_v2.ts";
import { Cursor } from "./cursor.ts";
import type { Hdf5File } from "./file.ts";
import { readHeapObject } from "./fractal_heap.ts";
import { type Link, parseLink } from "./link.ts";
import { MESSAGE, type Message } from "./object_header.ts";

const MAX_LINKS = 1_000_000;
const MAX_DEPTH = 32;

/** True if the messages are those of a group. */
export function isGroup(messages: readonly Message[]): boolean {
  return messages.some(({ type }) =>
    type === MESSAGE.symbolTable || type === MESSAGE.linkInfo || type === MESSAGE.link
  ) || !messages.some(({ type }) => type === MESSAGE.layout || type === MESSAGE.datatype);
}

/** The links of the group with those messages. @throws IndexError, OriginError */
export async function readLinks(file: Hdf5File, messages: readonly Message[]): Promise<Link[]> {
  const links: Link[] = [];
  for (const { type, data } of messages) {
    if (type === MESSAGE.link) links.push(parseLink(data, file.sizes));
    else if (type === MESSAGE.symbolTable) links.push(...await symbolTable(file, data));
    else if (type === MESSAGE.linkInfo) links.push(...await denseLinks(file, data));
    if (links.length > MAX_LINKS) throw new IndexError("A group has too many names");
  }
  return links;
}

async function denseLinks(file: Hdf5File, data: Uint8Array): Promise<Link[]> {
  const cursor = new Cursor(data, file.sizes);
  cursor.version("a group's link info", 0);
  if (cursor.u8() & 1) cursor.skip(8); // highest creation order
  const heap = cursor.address();
  const names = cursor.address();
  if (heap === undefined || names === undefined) return [];
  const links: Link[] = [];
  for await (const record of allRecords(file, await openBTree(file, names))) {
    const id = record.skip(4).take(7);
    links.push(parseLink(await readHeapObject(file, heap, id), file.sizes));
  }
  return links;
}

async function symbolTable(file: Hdf5File, data: Uint8Array): Promise<Link[]> {
  const cursor = new Cursor(data, file.sizes);
  const tree = cursor.address();
  const heapAt = cursor.address();
  if (tree === undefined || heapAt === undefined) return [];
  const heap = await file.at(heapAt, 8 + 2 * file.sizes.lengths + file.sizes.offsets);
  heap.signature("HEAP").version("a local heap", 0);
  const bytes = heap.skip(3).length();
  heap.length(); // free space
  const place = heap.address();
  if (place === undefined) throw new IndexError("A local heap has no data");
  const names = await file.at(place, bytes);
  const links: Link[] = [];
  const seen = new Set<number>();
  async function walk(address: number, depth: number): Promise<void> {
    if (depth > MAX_DEPTH || seen.has(address)) throw new IndexError("A group's B-tree has no end");
    seen.add(address);
    const { offsets, lengths } = file.sizes;
    const head = await file.at(address, 8 + 2 * offsets);
    head.signature("TREE");
    if (head.u8() !== 0) throw new IndexError("A group's B-tree is of another kind");
    const level = head.u8();
    const used = head.u16();
    const node = await file.at(address, 8 + 2 * offsets + used * (lengths + offsets) + lengths);
    node.skip(8 + 2 * offsets);
    for (let i = 0; i < used; i++) {
      const child = node.skip(lengths).address();
      if (child === undefined) throw new IndexError("A group's B-tree leads nowhere");
      if (level > 0) await walk(child, depth + 1);
      else links.push(...await symbolNode(file, child, names));
      if (links.length > MAX_LINKS) throw new IndexError("A group has too many names");
    }
  }
  await walk(tree, 0);
  return links;
}

async function symbolNode(file: Hdf5File, address: number, names: Cursor): Promise<Link[]> {
  const { offsets } = file.sizes;
  const entry = 2 * offsets + 24;
  const head = (await file.at(address, 8)).signature("SNOD");
  head.version("a symbol table node", 1);
  const count = head.skip(1).u16();
  const cursor = (await file.at(address, 8 + count * entry)).skip(8);
  return Array.from({ length: count }, (): Link => {
    names.at = cursor.uint(offsets);
    const name = names.text();
    const header = cursor.address();
    const cached = cursor.u32();
    const scratch = cursor.skip(4).take(16);
    if (cached === 2) {
      names.at = new Cursor(scratch, file.sizes).u32();
      return { name, kind: "soft", target: names.text() };
    }
    if (header === undefined) throw new IndexError(`The name "${name}" leads nowhere`);
    return { name, kind: "hard", address: header };
  });
}
