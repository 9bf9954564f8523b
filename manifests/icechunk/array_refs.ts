/** The references of one array in one manifest file, as columns. */

import { IndexError } from "../../src/errors.ts";
import { type Column, ColumnBuilder } from "./column.ts";

/** How a reference gives its chunk; the order in which Icechunk's own reader looks. */
export const REF_KIND = {
  /** A file of the repository's own; the payload is its 12-byte id. */
  native: 0,
  /** A Zstandard frame with the location. */
  compressedLocation: 1,
  /** The location as text. */
  location: 2,
  /** The payload is the chunk. */
  inline: 3,
  /** None of them: a corrupt reference. */
  none: 4,
} as const;

/** One reference's columns as they are pushed. */
export interface RefRow {
  /** One of {@link REF_KIND}. */
  kind: number;
  /** Number in the file's table of payloads. */
  payload: number;
  /** Bytes from the start of the file; 0 where the reference has none. */
  offset: number;
  /** Bytes of the chunk in that file; 0 where the reference has none. */
  length: number;
  /** Seconds since the Unix epoch; 0 is none. */
  lastModified: number;
  /** Number in the file's table of entity tags, plus one; 0 is none. */
  etag: number;
}

/** Where the rows of an array lie in its chunk grid. */
interface Coordinates {
  readonly bytes: number;
  find(coords: readonly number[]): number;
  get(row: number, dimension: number): number;
}

/** Every cell of a box has a row, so that coordinates are arithmetic. */
class FullBox implements Coordinates {
  readonly bytes = 64;
  readonly #strides: number[];

  constructor(readonly low: readonly number[], readonly sizes: readonly number[]) {
    this.#strides = sizes.map((_, i) => sizes.slice(i + 1).reduce((a, b) => a * b, 1));
  }

  find(coords: readonly number[]): number {
    let row = 0;
    for (let i = 0; i < this.low.length; i++) {
      const at = coords[i] - this.low[i];
      if (!(at >= 0 && at < this.sizes[i])) return -1;
      row += at * this.#strides[i];
    }
    return row;
  }

  get(row: number, dimension: number): number {
    const at = Math.floor(row / this.#strides[dimension]) % this.sizes[dimension];
    return this.low[dimension] + at;
  }
}

/** Coordinates as columns, found by bisection. */
class SparseBox implements Coordinates {
  constructor(readonly rows: number, readonly columns: readonly Column[]) {}

  get bytes(): number {
    return this.columns.reduce((sum, column) => sum + column.bytes, 0);
  }

  find(coords: readonly number[]): number {
    const { columns } = this;
    let low = 0;
    let high = this.rows - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      let order = 0;
      for (let i = 0; i < columns.length && order === 0; i++) {
        order = columns[i].get(middle) - coords[i];
      }
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  get(row: number, dimension: number): number {
    return this.columns[dimension].get(row);
  }
}

/** The references of one array, in the order of their coordinates. */
export class ArrayRefs implements Readonly<Record<keyof RefRow, Column>> {
  /** How each row gives its chunk: one of {@link REF_KIND}. */
  readonly kind: Column;
  /** Each row's number in the file's table of payloads. */
  readonly payload: Column;
  /** Bytes from the start of each row's file. */
  readonly offset: Column;
  /** Bytes of each row's chunk. */
  readonly length: Column;
  /** Seconds since the Unix epoch; 0 is none. */
  readonly lastModified: Column;
  /** Each row's number in the file's table of entity tags, plus one; 0 is none. */
  readonly etag: Column;
  /** Bytes that the columns hold. */
  readonly bytes: number;
  readonly #coordinates: Coordinates;

  /** Takes over finished columns, and what says where in the grid each row lies. */
  constructor(
    readonly rank: number,
    readonly rows: number,
    coordinates: Coordinates,
    columns: Readonly<Record<keyof RefRow, Column>>,
  ) {
    this.#coordinates = coordinates;
    this.kind = columns.kind;
    this.payload = columns.payload;
    this.offset = columns.offset;
    this.length = columns.length;
    this.lastModified = columns.lastModified;
    this.etag = columns.etag;
    this.bytes = Object.values(columns).reduce((sum, { bytes }) => sum + bytes, 1024) +
      coordinates.bytes;
  }

  /** The row of the chunk at `coords`; -1 if there is none. */
  find(coords: readonly number[]): number {
    return this.#coordinates.find(coords);
  }

  /** The coordinate of a row along a dimension. */
  coordinate(row: number, dimension: number): number {
    return this.#coordinates.get(row, dimension);
  }
}

/** Takes the references of one array in order. */
export class ArrayRefsBuilder {
  readonly #coordinates: ColumnBuilder[];
  readonly #kind: ColumnBuilder;
  readonly #payload: ColumnBuilder;
  readonly #offset: ColumnBuilder;
  readonly #length: ColumnBuilder;
  readonly #lastModified: ColumnBuilder;
  readonly #etag: ColumnBuilder;
  readonly #last: number[];
  readonly #low: number[];
  readonly #high: number[];
  #rows = 0;

  /**
   * No rows yet.
   *
   * @param rank dimensions of the array
   * @param capacity rows to come, at most
   */
  constructor(readonly rank: number, capacity: number) {
    this.#coordinates = Array.from({ length: rank }, () => new ColumnBuilder(capacity));
    this.#kind = new ColumnBuilder(capacity);
    this.#payload = new ColumnBuilder(capacity);
    this.#offset = new ColumnBuilder(capacity);
    this.#length = new ColumnBuilder(capacity);
    this.#lastModified = new ColumnBuilder(capacity);
    this.#etag = new ColumnBuilder(capacity);
    this.#last = new Array(rank).fill(-1);
    this.#low = new Array(rank).fill(Infinity);
    this.#high = new Array(rank).fill(-1);
  }

  /** Adds the next row. @throws IndexError unless `coords` come in ascending order, each once */
  push(coords: ArrayLike<number>, row: RefRow): void {
    const last = this.#last;
    let order = 0;
    for (let i = 0; i < this.rank; i++) {
      const at = coords[i];
      if (order === 0) order = at - last[i];
      last[i] = at;
      if (at < this.#low[i]) this.#low[i] = at;
      if (at > this.#high[i]) this.#high[i] = at;
      this.#coordinates[i].push(at);
    }
    if (order <= 0 && this.#rows > 0) {
      throw new IndexError("A manifest's references are not in ascending order");
    }
    this.#rows++;
    this.#kind.push(row.kind);
    this.#payload.push(row.payload);
    this.#offset.push(row.offset);
    this.#length.push(row.length);
    this.#lastModified.push(row.lastModified);
    this.#etag.push(row.etag);
  }

  /** The columns. Nothing can be pushed any more. */
  finish(): ArrayRefs {
    return new ArrayRefs(this.rank, this.#rows, this.#finishCoordinates(), {
      kind: this.#kind.finish(),
      payload: this.#payload.finish(),
      offset: this.#offset.finish(),
      length: this.#length.finish(),
      lastModified: this.#lastModified.finish(),
      etag: this.#etag.finish(),
    });
  }

  #finishCoordinates(): Coordinates {
    const sizes: number[] = [];
    for (let i = 0; i < this.rank; i++) sizes.push(this.#high[i] - this.#low[i] + 1);
    const columns = this.#coordinates;
    // Ascending coordinates within a box, as many as it has cells: each cell once.
    if (sizes.reduce((a, b) => a * b, 1) === this.#rows) {
      for (const column of columns) column.discard();
      return new FullBox(this.#low, sizes);
    }
    return new SparseBox(this.#rows, columns.map((column) => column.finish()));
  }
}
