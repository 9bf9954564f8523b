/** Attributes: the messages, and those that lie in a heap. Source: HDF5 File Format Specification IV.A.2.m and v. */

import { allRecords, openBTree } from "./btree_v2.ts";
import { Cursor, decodeText } from "./cursor.ts";
import { type Dataspace, parseDataspace } from "./dataspace.ts";
import { type Datatype, parseDatatype } from "./datatype.ts";
import type { Hdf5File } from "./file.ts";
import { readHeapObject } from "./fractal_heap.ts";
import { MESSAGE, type Message, resolveShared } from "./object_header.ts";

/** An attribute, its value as it is stored. */
export interface Attribute {
  /** Its name. */
  readonly name: string;
  /** What an element is. */
  readonly type: Datatype;
  /** How many elements there are. */
  readonly space: Dataspace;
  /** The elements one behind the other. */
  readonly data: Uint8Array;
}

/** The attributes of the object with those messages. @throws IndexError, OriginError */
export async function readAttributes(
  file: Hdf5File,
  messages: readonly Message[],
): Promise<Attribute[]> {
  const attributes: Attribute[] = [];
  for (const { type, data } of messages) {
    if (type === MESSAGE.attribute) attributes.push(await parseAttribute(file, data));
    else if (type === MESSAGE.attributeInfo) {
      for await (const dense of denseAttributes(file, data)) attributes.push(dense);
    }
  }
  return attributes;
}

async function* denseAttributes(file: Hdf5File, data: Uint8Array): AsyncGenerator<Attribute> {
  const cursor = new Cursor(data, file.sizes);
  cursor.version("an object's attribute info", 0);
  if (cursor.u8() & 1) cursor.skip(2); // highest creation order
  const heap = cursor.address();
  const names = cursor.address();
  if (heap === undefined || names === undefined) return;
  for await (const record of allRecords(file, await openBTree(file, names))) {
    const id = record.take(8);
    const flags = record.u8();
    const stored = await readHeapObject(file, heap, id);
    yield await parseAttribute(
      file,
      flags & 2 ? await resolveShared(file, MESSAGE.attribute, stored) : stored,
    );
  }
}

/** Flags of a version 2 or 3 attribute: its type, its shape stand in another object. */
const SHARED_TYPE = 1;
const SHARED_SPACE = 2;

async function parseAttribute(file: Hdf5File, message: Uint8Array): Promise<Attribute> {
  const cursor = new Cursor(message, file.sizes);
  const version = cursor.version("an attribute", 1, 2, 3);
  const flags = cursor.u8();
  const nameBytes = cursor.u16();
  const typeBytes = cursor.u16();
  const spaceBytes = cursor.u16();
  if (version === 3) cursor.skip(1); // character set of the name
  const part = (bytes: number) => {
    const start = cursor.at;
    const taken = cursor.take(bytes);
    if (version === 1) cursor.align8(start);
    return taken;
  };
  const nameField = part(nameBytes);
  const end = nameField.indexOf(0);
  const name = decodeText(end < 0 ? nameField : nameField.subarray(0, end));
  const isShared = (flag: number) => version > 1 && (flags & flag) !== 0;
  const typeField = part(typeBytes);
  const spaceField = part(spaceBytes);
  const type = parseDatatype(
    isShared(SHARED_TYPE) ? await resolveShared(file, MESSAGE.datatype, typeField) : typeField,
    file.sizes,
  );
  const space = parseDataspace(
    isShared(SHARED_SPACE) ? await resolveShared(file, MESSAGE.dataspace, spaceField) : spaceField,
    file.sizes,
  );
  const elements = space.isNull ? 0 : space.shape.reduce((product, n) => product * n, 1);
  return { name, type, space, data: cursor.take(elements * type.size) };
}
