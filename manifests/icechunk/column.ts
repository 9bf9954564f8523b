/** Columns of numbers that take no more bytes a row than their values need. */

import { detach } from "../detach.ts";

type Cells =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** A finished column of non-negative integers up to 2⁵³. */
export interface Column {
  /** The value of a row. */
  get(row: number): number;
  /** Bytes that the column holds. */
  readonly bytes: number;
}

/** `first + step * row` */
class Progression implements Column {
  readonly bytes = 32;

  constructor(readonly first: number, readonly step: number) {}

  get(row: number): number {
    return this.first + this.step * row;
  }
}

class CellColumn implements Column {
  constructor(readonly cells: Cells) {}

  get bytes(): number {
    return this.cells.byteLength;
  }

  get(row: number): number {
    return this.cells[row];
  }
}

/**
 * Builds a column row after row. As long as the values are an arithmetic progression (a constant, a
 * row's own number, the offsets of equally long chunks) no cells are made at all; then cells of one
 * byte, widened when a value does not fit.
 */
export class ColumnBuilder {
  #rows = 0;
  #first = 0;
  #step = 0;
  #cells: Cells | undefined;
  #limit = 0;

  /** No rows yet. @param capacity rows to come, at most */
  constructor(readonly capacity: number) {}

  /** Adds a row: a non-negative integer up to 2⁵³. */
  push(value: number): void {
    const row = this.#rows++;
    if (this.#cells === undefined) {
      if (row === 0) {
        this.#first = value;
        return;
      }
      if (row === 1) this.#step = value - this.#first;
      if (value === this.#first + this.#step * row) return;
      this.#spill(row, value);
    } else if (value > this.#limit) this.#widen(value);
    this.#cells![row] = value;
  }

  /** Gives the column up. */
  discard(): void {
    if (this.#cells) detach(this.#cells);
  }

  /** The column. Nothing can be pushed any more. */
  finish(): Column {
    return this.#cells === undefined
      ? new Progression(this.#first, this.#step)
      : new CellColumn(this.#cells);
  }

  /** Makes cells of the progression so far. */
  #spill(rows: number, value: number): void {
    const last = this.#first + this.#step * (rows - 1);
    this.#allocate(Math.max(this.#first, last, value));
    const cells = this.#cells!;
    for (let row = 0; row < rows; row++) cells[row] = this.#first + this.#step * row;
  }

  #widen(value: number): void {
    const before = this.#cells!;
    this.#allocate(value);
    this.#cells!.set(before);
    detach(before);
  }

  #allocate(max: number): void {
    const kinds = [
      [0xff, Uint8Array],
      [0xffff, Uint16Array],
      [0xffffffff, Uint32Array],
      [Infinity, Float64Array],
    ] as const;
    const [limit, Kind] = kinds.find(([limit]) => max <= limit)!;
    this.#limit = limit;
    this.#cells = new Kind(this.capacity);
  }
}
