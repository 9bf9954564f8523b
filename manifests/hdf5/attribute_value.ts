/** Attributes as JSON, in the form in which netCDF4 gives them: one element is a scalar. */

import { IndexError } from "../../src/errors.ts";
import { type Json, rawNumber } from "../../src/json.ts";
import type { Attribute } from "./attribute.ts";
import { Cursor, decodeText } from "./cursor.ts";
import type { Datatype } from "./datatype.ts";
import { elementOf, fixedTextValue } from "./element.ts";
import type { Hdf5File } from "./file.ts";
import { readCollection, readHeapPlace } from "./global_heap.ts";

const MAX_ELEMENTS = 1_000_000;

/** Reads values that point into the global heap, each collection once. */
export class HeapValues {
  readonly #collections = new Map<number, Promise<Map<number, Uint8Array>>>();

  /** Reads nothing yet. */
  constructor(readonly file: Hdf5File) {}

  /** The bytes behind the pointer at `cursor`, which is passed over, and how many elements they are. */
  async at(cursor: Cursor): Promise<{ count: number; bytes: Uint8Array }> {
    const { count, address, index } = readHeapPlace(cursor);
    if (address === undefined || count === 0) return { count: 0, bytes: new Uint8Array(0) };
    let collection = this.#collections.get(address);
    if (!collection) {
      collection = readCollection(this.file, address);
      this.#collections.set(address, collection);
    }
    const bytes = (await collection).get(index);
    if (!bytes) throw new IndexError("A value of variable length is not in the global heap");
    return { count, bytes };
  }
}

/** The value of an attribute; undefined for what JSON cannot say (references, compounds). */
export async function attributeValue(
  { type, space, data }: Attribute,
  heap: HeapValues,
): Promise<Json | undefined> {
  const count = space.isNull ? 0 : space.shape.reduce((product, n) => product * n, 1);
  if (count > MAX_ELEMENTS) return undefined;
  const values: Json[] = [];
  const cursor = new Cursor(data, heap.file.sizes);
  for (let i = 0; i < count; i++) {
    const value = await elementValue(type, cursor, heap);
    if (value === undefined) return undefined;
    values.push(value);
  }
  if (count === 0) return type.class.endsWith("string") ? "" : [];
  return count === 1 ? values[0] : values;
}

async function elementValue(
  type: Datatype,
  cursor: Cursor,
  heap: HeapValues,
): Promise<Json | undefined> {
  switch (type.class) {
    case "string":
      return fixedTextValue(cursor.take(type.size), type.padding);
    case "vlen-string":
      return trimmed(decodeText((await heap.at(cursor)).bytes));
    case "vlen": {
      const { count, bytes } = await heap.at(cursor);
      return await elementsValue(type.base, count, new Cursor(bytes, cursor.sizes), heap);
    }
    case "array": {
      const count = type.shape.reduce((product, n) => product * n, 1);
      return await elementsValue(type.base, count, cursor, heap);
    }
    default: {
      const bytes = cursor.take(type.size);
      const element = elementOf(type);
      if ("reason" in element) return undefined;
      const value = element.value(
        new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        0,
      );
      return type.class === "float" ? asFloat(value) : value;
    }
  }
}

async function elementsValue(
  base: Datatype,
  count: number,
  cursor: Cursor,
  heap: HeapValues,
): Promise<Json | undefined> {
  const values: Json[] = [];
  for (let i = 0; i < count; i++) {
    const value = await elementValue(base, cursor, heap);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** A float keeps its point: by it xarray tells the type of scaled data. */
function asFloat(value: Json): Json {
  return typeof value === "number" && Number.isInteger(value) ? rawNumber(`${value}.0`) : value;
}

function trimmed(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}
