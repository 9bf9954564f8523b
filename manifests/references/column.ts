/** Columns of whole numbers that grow, and take no more bytes a row than their values need. */

/** Rows of the first block, so that few rows take few bytes. */
const FIRST_BLOCK = 256;
const BLOCK_BITS = 14;
/** Rows of each further block. */
const BLOCK = 1 << BLOCK_BITS;

type Cells = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Numbers from 0 to 2⁵³, row after row, in blocks that never move. */
export class Column {
  /** Rows so far. */
  rows = 0;
  readonly #blocks: Block[] = [];
  /** Rows that there are blocks for. */
  #room = 0;

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.#blocks.reduce((sum, { heldBytes }) => sum + heldBytes, 64);
  }

  /** Adds a row: an integer from 0 to 2⁵³. */
  push(value: number): void {
    if (this.rows === this.#room) {
      const capacity = this.#room === 0 ? FIRST_BLOCK : BLOCK;
      this.#blocks.push(new Block(capacity));
      this.#room += capacity;
    }
    this.#blocks[this.#blocks.length - 1].push(value);
    this.rows++;
  }

  /** The value of a row. */
  get(row: number): number {
    return row < FIRST_BLOCK
      ? this.#blocks[0].get(row)
      : this.#blocks[1 + ((row - FIRST_BLOCK) >>> BLOCK_BITS)].get(
        (row - FIRST_BLOCK) & (BLOCK - 1),
      );
  }

  /** Gives back the room for further rows; none can be added any more. */
  trim(): this {
    this.#blocks[this.#blocks.length - 1]?.trim();
    return this;
  }
}

/**
 * Some rows. As long as the values are an arithmetic progression (a constant, a row's own number, the
 * offsets of equally long chunks) there are no cells at all; then cells of one byte, widened when a
 * value does not fit.
 */
class Block {
  #rows = 0;
  #first = 0;
  #step = 0;
  #cells: Cells | undefined;
  #limit = 0;

  constructor(readonly capacity: number) {}

  get heldBytes(): number {
    return 96 + (this.#cells?.byteLength ?? 0);
  }

  push(value: number): void {
    const row = this.#rows++;
    if (this.#cells === undefined) {
      if (row === 0) {
        this.#first = value;
        return;
      }
      if (row === 1) this.#step = value - this.#first;
      if (value === this.#first + this.#step * row) return;
      const last = this.#first + this.#step * (row - 1);
      this.#allocate(Math.max(this.#first, last, value));
      for (let i = 0; i < row; i++) this.#cells![i] = this.#first + this.#step * i;
    } else if (value > this.#limit) {
      const before = this.#cells;
      this.#allocate(value);
      this.#cells.set(before);
    }
    this.#cells![row] = value;
  }

  get(row: number): number {
    return this.#cells === undefined ? this.#first + this.#step * row : this.#cells[row];
  }

  trim(): void {
    this.#cells = this.#cells?.slice(0, this.#rows);
  }

  #allocate(most: number): void {
    const { capacity } = this;
    if (most < 2 ** 8) [this.#limit, this.#cells] = [2 ** 8 - 1, new Uint8Array(capacity)];
    else if (most < 2 ** 16) [this.#limit, this.#cells] = [2 ** 16 - 1, new Uint16Array(capacity)];
    else if (most < 2 ** 32) [this.#limit, this.#cells] = [2 ** 32 - 1, new Uint32Array(capacity)];
    else [this.#limit, this.#cells] = [Infinity, new Float64Array(capacity)];
  }
}
