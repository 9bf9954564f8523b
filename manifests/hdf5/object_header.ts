/** Object headers: the messages that say what a group or dataset is. Source: HDF5 File Format Specification IV.A. */

import { IndexError } from "../../src/errors.ts";
import { verifyChecksum } from "./checksum.ts";
import { Cursor } from "./cursor.ts";
import type { Hdf5File } from "./file.ts";
import { readHeapObject } from "./fractal_heap.ts";

/** The types of messages that are read here. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFillValue: 0x04,
  fillValue: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  sharedTable: 0x0f,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
  fileSpace: 0x17,
} as const;

/** One message. */
export interface Message {
  /** One of {@link MESSAGE}, or another. */
  readonly type: number;
  /** Its content, whatever object it was stored in. */
  readonly data: Uint8Array;
}

/** Bytes that are read of an object header before its size is known. */
const HEADER_GUESS = 512;
const MAX_MESSAGES = 65_536;
const MAX_BLOCKS = 4_096;
/** Message flag: the content stands elsewhere. */
const SHARED = 0x02;

interface Block {
  readonly cursor: Cursor;
  /** Where messages end in it. */
  readonly end: number;
}

/** All messages of the object at `address`, shared ones followed. @throws IndexError, OriginError */
export async function readObjectHeader(file: Hdf5File, address: number): Promise<Message[]> {
  return await readMessages(file, address, 0);
}

async function readMessages(file: Hdf5File, address: number, depth: number): Promise<Message[]> {
  const start = await file.upTo(address, HEADER_GUESS);
  const isNew = start.bytes[0] === 0x4f; // the O of OHDR
  const { first, order } = isNew
    ? await newHeader(file, address, start)
    : { first: await oldHeader(file, address, start), order: 0 };
  const messages: Message[] = [];
  const pending = [first];
  let blocks = 0;
  const prefix = isNew ? 4 + order : 8;
  for (let block = pending.shift(); block; block = pending.shift()) {
    if (++blocks > MAX_BLOCKS) throw new IndexError("An object header has no end");
    const { cursor, end } = block;
    while (cursor.at + prefix <= end) {
      const type = isNew ? cursor.u8() : cursor.u16();
      const length = cursor.u16();
      const flags = cursor.u8();
      cursor.skip(isNew ? order : 3);
      if (cursor.at + length > end) throw new IndexError("A message leaves its object header");
      const data = cursor.take(length);
      if (type === MESSAGE.continuation) {
        const place = new Cursor(data, file.sizes);
        const at = place.address();
        if (at === undefined) throw new IndexError("An object header is continued nowhere");
        pending.push(await continuation(file, at, place.length(), isNew));
      } else if (type !== 0) {
        if (messages.length >= MAX_MESSAGES) {
          throw new IndexError("An object has too many messages");
        }
        messages.push({
          type,
          data: flags & SHARED ? await shared(file, type, data, depth) : data,
        });
      }
    }
  }
  return messages;
}

async function oldHeader(file: Hdf5File, address: number, start: Cursor): Promise<Block> {
  start.version("an object header", 1);
  start.skip(7); // reserved, messages, reference count
  const length = start.u32();
  const end = 16 + length;
  const cursor = end <= start.bytes.length
    ? new Cursor(start.bytes, file.sizes, 16)
    : (await file.at(address, end)).skip(16);
  return { cursor, end };
}

async function newHeader(file: Hdf5File, address: number, start: Cursor) {
  start.signature("OHDR").version("an object header", 2);
  const flags = start.u8();
  if (flags & 0x20) start.skip(16); // times
  if (flags & 0x10) start.skip(4); // when attributes become dense
  const length = start.uint(1 << (flags & 3));
  const from = start.at;
  const end = from + length;
  const cursor = end + 4 <= start.bytes.length
    ? new Cursor(start.bytes, file.sizes, from)
    : (await file.at(address, end + 4)).skip(from);
  verifyChecksum(cursor.bytes.subarray(0, end + 4), "an object header");
  return { first: { cursor, end }, order: flags & 4 ? 2 : 0 };
}

async function continuation(
  file: Hdf5File,
  address: number,
  length: number,
  isNew: boolean,
): Promise<Block> {
  if (!isNew) return { cursor: await file.at(address, length), end: length };
  const cursor = await file.checked(address, length, "an object header's continuation");
  return { cursor: cursor.signature("OCHK"), end: length - 4 };
}

/** The content that a shared message stands for. @throws IndexError, OriginError */
export async function resolveShared(
  file: Hdf5File,
  type: number,
  data: Uint8Array,
): Promise<Uint8Array> {
  return await shared(file, type, data, 0);
}

/** In another object's header, or in the file's heap of shared messages. */
async function shared(
  file: Hdf5File,
  type: number,
  data: Uint8Array,
  depth: number,
): Promise<Uint8Array> {
  if (depth > 8) throw new IndexError("A shared message leads to itself");
  const cursor = new Cursor(data, file.sizes);
  const version = cursor.version("a shared message", 1, 2, 3);
  const kind = cursor.u8();
  if (version === 3 && kind === 1) return await fromSharedHeap(file, type, cursor.take(8));
  if (version === 1) cursor.skip(6);
  const address = cursor.address();
  if (address === undefined) throw new IndexError("A shared message is nowhere");
  const found = (await readMessages(file, address, depth + 1)).find((each) => each.type === type);
  if (!found) throw new IndexError("A shared message is not where it should be");
  return found.data;
}

/** Source: HDF5 File Format Specification IV.A.2.p ("Shared Message Table") and III.G. */
async function fromSharedHeap(
  file: Hdf5File,
  type: number,
  id: Uint8Array,
): Promise<Uint8Array> {
  const { extension } = file.superblock;
  const messages = extension === undefined ? [] : await readMessages(file, extension, 1);
  const table = messages.find((each) => each.type === MESSAGE.sharedTable);
  if (!table) throw new IndexError("The file has no table of shared messages");
  const place = new Cursor(table.data, file.sizes);
  place.version("the shared message table", 0);
  const address = place.address();
  const indexes = place.u8();
  if (address === undefined) throw new IndexError("The table of shared messages is nowhere");
  const entry = 14 + 2 * file.sizes.offsets;
  const cursor = await file.checked(address, 4 + indexes * entry + 4, "the shared message table");
  cursor.signature("SMTB");
  for (let i = 0; i < indexes; i++) {
    cursor.skip(2); // version, kind of index
    const types = cursor.u16();
    cursor.skip(10); // sizes and counts
    cursor.address();
    const heap = cursor.address();
    if (types & (1 << type) && heap !== undefined) return await readHeapObject(file, heap, id);
  }
  throw new IndexError("No table holds the shared messages of this type");
}
