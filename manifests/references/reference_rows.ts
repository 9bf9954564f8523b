/** References while an index is read: rows in any order, as columns. */

import { type ChunkLayout, chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { Column } from "./column.ts";

/** Rows in any order, each with its place in the grid; the last one of a place counts. */
export interface UnorderedRows {
  /** Number of rows, those outside the grid among them. */
  readonly rows: number;
  /** The chunk's place in C order; undefined for a key outside the grid, which is ignored. */
  ordinal(row: number): number | undefined;
  /** What a row refers to: `PackedRow.id`. */
  id(row: number): number;
  /** Bytes from the start of the row's file, or of the inline bytes. */
  offset(row: number): number;
  /** Bytes of the row's chunk; 0 for a whole file. */
  length(row: number): number;
  /** `ChunkRef.encoding` of each row, where not all have the usual one. */
  readonly encodings?: Column;
  /** What the format itself says of the rows, a number each; its tables keep it. */
  readonly extras?: readonly Column[];
}

/** Rows with `rank` numbers each, which tell the chunk's place, and what `PackedRow` says of it. */
export class ReferenceRows {
  readonly #numbers: readonly Column[];
  /** As `PackedRow.id`. */
  readonly ids: Column = new Column();
  /** As `PackedRow.offset`, in bytes. */
  readonly offsets: Column = new Column();
  /** As `PackedRow.length`, in bytes. */
  readonly lengths: Column = new Column();
  readonly #encodings = new Column();
  #areEncoded = false;

  /** No rows yet. @param extras columns of the format's own, a number a row each, which its tables keep */
  constructor(readonly rank: number, readonly extras: readonly Column[] = []) {
    this.#numbers = Array.from({ length: rank }, () => new Column());
  }

  /** Rows so far. */
  get rows(): number {
    return this.ids.rows;
  }

  /** Bytes that the columns hold. */
  get heldBytes(): number {
    const columns = [
      ...this.#numbers,
      this.ids,
      this.offsets,
      this.lengths,
      this.#encodings,
      ...this.extras,
    ];
    return columns.reduce((sum, { heldBytes }) => sum + heldBytes, 256);
  }

  /** Adds a row. What the extra columns say of it, the caller pushes onto them. @param encoding as `ChunkRef.encoding` */
  add(
    numbers: ArrayLike<number>,
    id: number,
    offset: number,
    length: number,
    encoding: number = 0,
  ): void {
    for (let i = 0; i < this.rank; i++) this.#numbers[i].push(numbers[i]);
    this.ids.push(id);
    this.offsets.push(offset);
    this.lengths.push(length);
    this.#encodings.push(encoding);
    this.#areEncoded ||= encoding !== 0;
  }

  /** Number `i` of a row. */
  number(row: number, i: number): number {
    return this.#numbers[i].get(row);
  }

  /** The rows with their places in a grid, where their numbers are coordinates. */
  inGrid(layout: Pick<ChunkLayout, "grid">): UnorderedRows {
    const coords = new Array<number>(this.rank);
    return {
      rows: this.rows,
      ordinal: (row) => {
        for (let i = 0; i < this.rank; i++) coords[i] = this.#numbers[i].get(row);
        return chunkOrdinal(layout, coords);
      },
      id: (row) => this.ids.get(row),
      offset: (row) => this.offsets.get(row),
      length: (row) => this.lengths.get(row),
      encodings: this.#areEncoded ? this.#encodings : undefined,
      extras: this.extras,
    };
  }
}
