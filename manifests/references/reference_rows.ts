/** References while a file is being read: columns, in blocks that never move. */

import type { NumericTail } from "../kerchunk/numeric_tail.ts";

const FIRST_BLOCK = 256;
const BLOCK_BITS = 14;
const BLOCK = 1 << BLOCK_BITS;

/** The references whose keys have the same base and the same spelling of numbers behind it. */
export class ReferenceRowGroup {
  /** Rows so far. */
  rows = 0;
  readonly #numbers: Uint32Array[] = [];
  readonly #ids: Uint32Array[] = [];
  readonly #offsets: Float64Array[] = [];
  readonly #lengths: Float64Array[] = [];
  #capacity = 0;

  /**
   * No rows yet.
   *
   * @param base what comes before the numbers, with its `/`
   * @param count numbers a row
   * @param slashes as {@link NumericTail.slashes}
   */
  constructor(readonly base: string, readonly count: number, readonly slashes: number) {}

  /** Bytes that its columns take. */
  get heldBytes(): number {
    return 512 + this.#capacity * (this.count * 4 + 20);
  }

  /** Adds the reference whose key ends in `tail`, with the figures of its `PackedRow`. */
  add(tail: NumericTail, id: number, offset: number, length: number): void {
    if (this.rows === this.#capacity) this.#grow();
    const row = this.rows++;
    const block = blockOf(row);
    const at = placeOf(row);
    const numbers = this.#numbers[block];
    for (let i = 0; i < this.count; i++) numbers[at * this.count + i] = tail.numbers[i];
    this.#ids[block][at] = id;
    this.#offsets[block][at] = offset;
    this.#lengths[block][at] = length;
  }

  /** Number `i` of a row's key. */
  number(row: number, i: number): number {
    return this.#numbers[blockOf(row)][placeOf(row) * this.count + i];
  }

  /** What a row refers to: `PackedRow.id`. */
  id(row: number): number {
    return this.#ids[blockOf(row)][placeOf(row)];
  }

  /** Bytes from the start of the row's file, or of the inline bytes. */
  offset(row: number): number {
    return this.#offsets[blockOf(row)][placeOf(row)];
  }

  /** Bytes of the row's chunk; 0 for a whole file. */
  length(row: number): number {
    return this.#lengths[blockOf(row)][placeOf(row)];
  }

  /** True if every separator between numbers `from` and `to` of the key is `separator`. */
  isSeparatedBy(separator: "." | "/", from: number, to: number): boolean {
    for (let i = from; i < to - 1; i++) {
      if (((this.slashes >>> i) & 1) !== (separator === "/" ? 1 : 0)) return false;
    }
    return true;
  }

  #grow(): void {
    const rows = this.#capacity === 0 ? FIRST_BLOCK : BLOCK;
    this.#numbers.push(new Uint32Array(rows * this.count));
    this.#ids.push(new Uint32Array(rows));
    this.#offsets.push(new Float64Array(rows));
    this.#lengths.push(new Float64Array(rows));
    this.#capacity += rows;
  }
}

function blockOf(row: number): number {
  return row < FIRST_BLOCK ? 0 : 1 + ((row - FIRST_BLOCK) >>> BLOCK_BITS);
}

function placeOf(row: number): number {
  return row < FIRST_BLOCK ? row : (row - FIRST_BLOCK) & (BLOCK - 1);
}
