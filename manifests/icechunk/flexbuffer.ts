/**
 * FlexBuffers (the schema-less sibling of FlatBuffers) as plain values. Icechunk keeps a
 * repository's configuration in one. Bounds, depth and the number of values are capped: offsets may
 * form cycles, or share a subtree often enough to take for ever.
 * Source: the FlexBuffers internals document.
 */

import { IndexError } from "../../src/errors.ts";
import { decodeText, parsing } from "./flatbuffer.ts";

/** A decoded FlexBuffer value. Numbers beyond 2⁵³ lose digits; blobs are views. */
export type FlexValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | FlexValue[]
  | Map<string, FlexValue>;

const MAX_DEPTH = 32;
const MAX_VALUES = 100_000;
const MAX_TEXT_BYTES = 4 << 20;

// Types of the format, by their numbers.
const NULL = 0, INT = 1, UINT = 2, FLOAT = 3, KEY = 4, STRING = 5;
const INDIRECT_INT = 6, INDIRECT_UINT = 7, INDIRECT_FLOAT = 8, MAP = 9, VECTOR = 10;
const VECTOR_INT = 11, VECTOR_UINT = 12, VECTOR_FLOAT = 13, VECTOR_KEY = 14, VECTOR_STRING = 15;
const TUPLE_FIRST = 16, TUPLE_LAST = 24, BLOB = 25, BOOL = 26, VECTOR_BOOL = 36;

class FlexReader {
  readonly #view: DataView;
  #values = 0;
  #textBytes = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint(position: number, width: number): number {
    switch (width) {
      case 1:
        return this.#view.getUint8(position);
      case 2:
        return this.#view.getUint16(position, true);
      case 4:
        return this.#view.getUint32(position, true);
      default:
        return Number(this.#view.getBigUint64(position, true));
    }
  }

  int(position: number, width: number): number {
    switch (width) {
      case 1:
        return this.#view.getInt8(position);
      case 2:
        return this.#view.getInt16(position, true);
      case 4:
        return this.#view.getInt32(position, true);
      default:
        return Number(this.#view.getBigInt64(position, true));
    }
  }

  float(position: number, width: number): number {
    if (width === 8) return this.#view.getFloat64(position, true);
    if (width === 4) return this.#view.getFloat32(position, true);
    throw new IndexError("A FlexBuffer holds a float of odd width");
  }

  slice(position: number, length: number): Uint8Array {
    if (position < 0 || position + length > this.bytes.length) throw new RangeError("slice");
    return this.bytes.subarray(position, position + length);
  }

  text(position: number, length: number): string {
    this.#textBytes += length;
    if (this.#textBytes > MAX_TEXT_BYTES) {
      throw new IndexError("A FlexBuffer repeats its text too often");
    }
    return decodeText(this.slice(position, length));
  }

  key(position: number): string {
    const end = this.bytes.indexOf(0, Math.max(0, position));
    if (end < 0) throw new RangeError("key without an end");
    return this.text(position, end - position);
  }

  value(position: number, parentWidth: number, packed: number, depth: number): FlexValue {
    if (depth > MAX_DEPTH || ++this.#values > MAX_VALUES) {
      throw new IndexError("A FlexBuffer is nested too deep or holds too many values");
    }
    const type = packed >> 2;
    const width = 1 << (packed & 3);
    switch (type) {
      case NULL:
        return null;
      case INT:
        return this.int(position, parentWidth);
      case UINT:
        return this.uint(position, parentWidth);
      case FLOAT:
        return this.float(position, parentWidth);
      case BOOL:
        return this.uint(position, parentWidth) !== 0;
    }
    const at = position - this.uint(position, parentWidth);
    switch (type) {
      case INDIRECT_INT:
        return this.int(at, width);
      case INDIRECT_UINT:
        return this.uint(at, width);
      case INDIRECT_FLOAT:
        return this.float(at, width);
      case KEY:
        return this.key(at);
      case STRING:
        return this.text(at, this.uint(at - width, width));
      case BLOB:
        return this.slice(at, this.uint(at - width, width));
      case MAP:
        return this.map(at, width, depth);
      case VECTOR:
        return this.items(
          at,
          width,
          (i, types) => this.value(at + i * width, width, this.uint(types + i, 1), depth + 1),
        );
      case VECTOR_INT:
        return this.items(at, width, (i) => this.int(at + i * width, width));
      case VECTOR_UINT:
        return this.items(at, width, (i) => this.uint(at + i * width, width));
      case VECTOR_FLOAT:
        return this.items(at, width, (i) => this.float(at + i * width, width));
      case VECTOR_BOOL:
        return this.items(at, width, (i) => this.uint(at + i * width, width) !== 0);
      case VECTOR_KEY:
      case VECTOR_STRING:
        return this.items(
          at,
          width,
          (i) =>
            this.value(
              at + i * width,
              width,
              type === VECTOR_KEY ? KEY << 2 : STRING << 2,
              depth + 1,
            ),
        );
    }
    if (type >= TUPLE_FIRST && type <= TUPLE_LAST) {
      const read = [this.int, this.uint, this.float][(type - TUPLE_FIRST) % 3];
      const length = 2 + Math.floor((type - TUPLE_FIRST) / 3);
      return Array.from({ length }, (_, i) => read.call(this, at + i * width, width));
    }
    throw new IndexError(`A FlexBuffer holds a value of unknown type ${type}`);
  }

  items(
    at: number,
    width: number,
    item: (index: number, types: number) => FlexValue,
  ): FlexValue[] {
    const count = this.uint(at - width, width);
    if (at + count * width > this.bytes.length) throw new RangeError("vector");
    this.#values += count;
    const types = at + count * width;
    return Array.from({ length: count }, (_, i) => item(i, types));
  }

  map(at: number, width: number, depth: number): Map<string, FlexValue> {
    const keysField = at - 3 * width;
    const keys = keysField - this.uint(keysField, width);
    const keyWidth = this.uint(at - 2 * width, width);
    if (![1, 2, 4, 8].includes(keyWidth)) throw new RangeError("key width");
    const names = this.items(keys, keyWidth, (i) => {
      const field = keys + i * keyWidth;
      return this.key(field - this.uint(field, keyWidth));
    });
    const values = this.items(
      at,
      width,
      (i, types) => this.value(at + i * width, width, this.uint(types + i, 1), depth + 1),
    );
    if (names.length !== values.length) throw new RangeError("map of unequal keys and values");
    return new Map(names.map((name, i) => [name as string, values[i]]));
  }
}

/** Decodes a whole FlexBuffer. @throws IndexError */
export function decodeFlexbuffer(bytes: Uint8Array): FlexValue {
  return parsing("A FlexBuffer", () => {
    const reader = new FlexReader(bytes);
    const width = reader.uint(bytes.length - 1, 1);
    if (![1, 2, 4, 8].includes(width)) throw new RangeError("root width");
    return reader.value(bytes.length - 2 - width, width, reader.uint(bytes.length - 2, 1), 0);
  });
}
