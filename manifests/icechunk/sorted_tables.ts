/** A vector of a FlatBuffer whose items are found by a key, a byte string each. */

import { IndexError } from "../../src/errors.ts";
import { compareBytes, type Flatbuffer } from "./flatbuffer.ts";

/** Items looked at before other work may have a turn. */
const AT_ONCE = 256;

/** Where the items of a vector lie, and their keys. */
export interface SortedVector {
  /** What the items are, for messages: "nodes". */
  readonly what: string;
  /** Position of the first item; 0 if there are none. */
  readonly start: number;
  /** Number of items. */
  readonly count: number;
  /** Bytes of a struct; undefined for tables and strings, which the vector only refers to. */
  readonly structBytes?: number;
  /** True if it is a fault that two items have the same key. */
  readonly distinct?: true;
  /** The key of the item at a position. */
  key(position: number): Uint8Array;
}

/**
 * The items of a vector in the order of their keys, whatever order the writer gave them. One number an
 * item is held; keys stay in the buffer.
 *
 * Every method throws RangeError for what lies outside the buffer.
 */
export class SortedTables {
  private constructor(
    /** Positions of the items. */
    readonly positions: Uint32Array,
    readonly key: SortedVector["key"],
  ) {}

  /**
   * Sorts a vector's items.
   *
   * @throws IndexError if items share their bytes (a vector may refer to the same table any number of
   * times), or two that have to be distinct have the same key
   */
  static *read(buffer: Flatbuffer, vector: SortedVector): Generator<void, SortedTables> {
    const { what, start, count, structBytes, distinct, key } = vector;
    const fault = (does: string) => new IndexError(`${what} of the index ${does}`);
    const positions = new Uint32Array(count);
    let isSorted = true;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      if (i % AT_ONCE === 0) yield;
      const position = structBytes === undefined
        ? buffer.follow(start + 4 * i)
        : start + structBytes * i;
      positions[i] = position;
      const own = key(position);
      bytes += own.length + 4;
      if (bytes > buffer.bytes.length) throw fault("share their bytes");
      if (i === 0 || !isSorted) continue;
      isSorted = compareBytes(key(positions[i - 1]), own) < 0;
    }
    // Writers differ in how "/" compares with other characters.
    if (!isSorted) yield* mergeSort(positions, (a, b) => compareBytes(key(a), key(b)));
    for (let i = 1; distinct && i < count && !isSorted; i++) {
      if (i % AT_ONCE === 0) yield;
      if (compareBytes(key(positions[i - 1]), key(positions[i])) === 0) {
        throw fault("are listed twice");
      }
    }
    return new SortedTables(positions, key);
  }

  /** Bytes that this holds beside the buffer. */
  get bytes(): number {
    return this.positions.byteLength + 256;
  }

  /** The position of the item with that key; undefined if there is none. */
  find(wanted: Uint8Array): number | undefined {
    const at = this.lowerBound(wanted);
    if (at === this.positions.length) return undefined;
    const position = this.positions[at];
    return compareBytes(this.key(position), wanted) === 0 ? position : undefined;
  }

  /** The number of items whose keys come before `wanted`. */
  lowerBound(wanted: Uint8Array): number {
    let [low, high] = [0, this.positions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.key(this.positions[middle]), wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Sorts in place; `sort` of the platform would not let anyone else have a turn. */
function* mergeSort(
  values: Uint32Array,
  compare: (a: number, b: number) => number,
): Generator<void> {
  const merged = new Uint32Array(values.length);
  let steps = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let low = 0; low < values.length; low += 2 * width) {
      const middle = Math.min(low + width, values.length);
      const high = Math.min(low + 2 * width, values.length);
      let [left, right] = [low, middle];
      for (let at = low; at < high; at++) {
        if (++steps % AT_ONCE === 0) yield;
        const takesLeft = left < middle &&
          (right === high || compare(values[left], values[right]) <= 0);
        merged[at] = takesLeft ? values[left++] : values[right++];
      }
    }
    values.set(merged);
  }
}
