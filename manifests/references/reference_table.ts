/** The references of one array, or of a part of one, found by a chunk's place in the grid. */

import { Column } from "./column.ts";
import { ABSENT_ID, type PackedReferences, type PackedRow } from "./packed_references.ts";
import { ReferencePacker } from "./reference_packer.ts";
import type { UnorderedRows } from "./reference_rows.ts";

/** Rows between two pauses of the work. */
const ROWS_AT_ONCE = 1 << 14;

/**
 * Packed rows in the order of the grid. Immutable. The places of the chunks are held only where some
 * places of the grid have no row.
 */
export class ReferenceTable {
  /**
   * Takes over what it is given.
   *
   * @param ordinals the place of each row, ascending; undefined: row n is at place n
   * @param encodings `ChunkRef.encoding` of each row; undefined: 0
   * @param extras the format's own columns, a number a row
   */
  constructor(
    readonly packed: PackedReferences,
    readonly ordinals?: Uint32Array | Float64Array,
    readonly encodings?: Column,
    readonly extras: readonly Column[] = [],
  ) {}

  /** Rows, those that are absent among them. */
  get rows(): number {
    return this.packed.rows;
  }

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.packed.heldBytes + (this.ordinals?.byteLength ?? 0) + 128 +
      (this.encodings?.heldBytes ?? 0) +
      this.extras.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /**
   * Sorts rows by their places, and packs them.
   *
   * @param places in the grid, in all
   */
  static *build(places: number, source: UnorderedRows): Generator<void, ReferenceTable> {
    const isDense = places <= source.rows * 2 + 1024;
    const { order, ordinals } = yield* isDense
      ? denseOrder(places, source)
      : sparseOrder(places, source);
    const packer = new ReferencePacker();
    const encodings = source.encodings && new Column();
    const extras = (source.extras ?? []).map(() => new Column());
    for (let i = 0; i < order.length; i++) {
      // order holds row + 1; 0 stands for no row
      const row = order[i] - 1;
      if (row < 0) packer.push(ABSENT_ID, 0, 0);
      else packer.push(source.id(row), source.offset(row), source.length(row));
      encodings?.push(row < 0 ? 0 : source.encodings!.get(row));
      for (let k = 0; k < extras.length; k++) {
        extras[k].push(row < 0 ? 0 : source.extras![k].get(row));
      }
      if (i % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield;
    }
    return new ReferenceTable(
      packer.finish(),
      ordinals,
      encodings?.trim(),
      extras.map((column) => column.trim()),
    );
  }

  /** The row of the place `ordinal`, which may be an absent one; -1 if it has none. */
  find(ordinal: number): number {
    if (this.ordinals === undefined) return ordinal >= 0 && ordinal < this.rows ? ordinal : -1;
    return search(this.ordinals, ordinal);
  }

  /** Reads a row into `into`, which it returns. */
  read(row: number, into: PackedRow): PackedRow {
    return this.packed.read(row, into);
  }

  /** The place of a row. */
  ordinal(row: number): number {
    return this.ordinals === undefined ? row : this.ordinals[row];
  }
}

interface Order {
  /** Row + 1, in the order of the places; 0 for a place without one. */
  readonly order: Uint32Array;
  /** The places; undefined if that are all. */
  readonly ordinals?: Uint32Array | Float64Array;
}

function* denseOrder(places: number, source: UnorderedRows): Generator<void, Order> {
  const order = new Uint32Array(places);
  for (let row = 0; row < source.rows; row++) {
    if (row % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield;
    const ordinal = source.ordinal(row);
    if (ordinal !== undefined) order[ordinal] = row + 1;
  }
  return { order };
}

function* sparseOrder(places: number, source: UnorderedRows): Generator<void, Order> {
  const placeOf = new Float64Array(source.rows);
  const rows = new Uint32Array(source.rows);
  let [known, isAscending, last] = [0, true, -1];
  for (let row = 0; row < source.rows; row++) {
    if (row % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield;
    const ordinal = source.ordinal(row);
    if (ordinal === undefined) continue;
    placeOf[row] = ordinal;
    isAscending &&= last < ordinal;
    last = ordinal;
    rows[known++] = row;
  }
  const found = rows.subarray(0, known);
  const sorted = isAscending ? found : yield* sortedBy(placeOf, found, places - 1);
  let distinct = 0;
  for (let i = 0; i < known; i++) {
    // of the rows of one place the last stays
    if (i + 1 < known && placeOf[sorted[i]] === placeOf[sorted[i + 1]]) continue;
    sorted[distinct++] = sorted[i];
  }
  yield;
  const ordinals = places <= 2 ** 32 ? new Uint32Array(distinct) : new Float64Array(distinct);
  for (let i = 0; i < distinct; i++) ordinals[i] = placeOf[sorted[i]++];
  return { order: sorted.subarray(0, distinct), ordinals };
}

/** Binary digits that are sorted by at a time. */
const RADIX = 2 ** 16;

/** `rows` by what they are in `keys` (up to `most`), those of equal keys as they were: radix sort. */
function* sortedBy(
  keys: Float64Array,
  rows: Uint32Array,
  most: number,
): Generator<void, Uint32Array> {
  let from = rows;
  let to: Uint32Array = new Uint32Array(rows.length);
  for (let scale = 1; scale <= most; scale *= RADIX) {
    const digit = (row: number) => Math.floor(keys[row] / scale) % RADIX;
    const starts = new Uint32Array(RADIX + 1);
    for (let i = 0; i < from.length; i++) {
      if (i % ROWS_AT_ONCE === 0) yield;
      starts[digit(from[i]) + 1]++;
    }
    for (let i = 0; i < RADIX; i++) starts[i + 1] += starts[i];
    for (let i = 0; i < from.length; i++) {
      if (i % ROWS_AT_ONCE === 0) yield;
      to[starts[digit(from[i])]++] = from[i];
    }
    [from, to] = [to, from];
  }
  return from;
}

/** The index of `value` in ascending `values`; -1 if it is not there. */
function search(values: Uint32Array | Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return values[low] === value ? low : -1;
}
