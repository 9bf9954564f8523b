/**
 * References as bits: the resident form of every kerchunk index. In archival files chunks mostly lie
 * one behind the other, so an offset is the sum of the sizes before it, and only the sizes are kept.
 * 100,000 references with sizes up to 1 MiB take about 270 kB, against 2 MB as plain columns.
 *
 * Rows are packed in blocks of {@link BLOCK_ROWS}. A block is a header of variable-length integers,
 * then bit-packed columns:
 *
 * | header                                     | |
 * | ------------------------------------------ | --- |
 * | least id, bits an id                       | column 1: ids less the least |
 * | least length, bits a length                | column 2: lengths less the least |
 * | runs (0: offsets are column 3)             | each run: its first row, the offset there |
 * | least offset, bits an offset (if no runs)  | column 3: offsets less the least |
 *
 * Within a run, offset = offset before + length before.
 */

/** What a row refers to: {@link ReferenceRows.id}. Greater ids are a URL's number plus {@link FIRST_URL_ID}. */
export const ABSENT_ID = 0;
/** The row is bytes held by the index itself; its offset is their place there. */
export const INLINE_ID = 1;
/** The id of URL number 0. A row with a URL and length 0 is the whole file. */
export const FIRST_URL_ID = 2;

/** Rows to be packed. */
export interface ReferenceRows {
  readonly rows: number;
  /** One of the ids above, below 2³². */
  id(row: number): number;
  /** Bytes; a safe integer ≥ 0. Not asked for absent rows. */
  offset(row: number): number;
  /** Bytes; a safe integer ≥ 0. Not asked for absent rows. */
  length(row: number): number;
}

/** One row. */
export interface PackedRow {
  id: number;
  offset: number;
  length: number;
}

/** Rows that are unpacked together. */
export const BLOCK_ROWS = 128;

/** Bits of a column that does not fit 32: each value is a float64, which holds safe integers exactly. */
const WIDE = 64;
const TWO_32 = 2 ** 32;

/** Immutable; any row is read in microseconds. */
export class PackedReferences {
  private constructor(
    readonly rows: number,
    /** Where each block starts in `#bytes`. */
    readonly starts: Uint32Array,
    readonly packed: Uint8Array,
  ) {}

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.packed.byteLength + this.starts.byteLength + 128;
  }

  static pack(source: ReferenceRows): PackedReferences {
    const writer = new BitWriter();
    const starts = new Uint32Array(Math.ceil(source.rows / BLOCK_ROWS));
    const block = new BlockColumns();
    for (let i = 0; i < starts.length; i++) {
      starts[i] = writer.byteLength;
      block.fill(source, i * BLOCK_ROWS);
      block.write(writer);
    }
    return new PackedReferences(source.rows, starts, writer.finish());
  }

  /** Reads one row into `into`, which it returns. */
  read(row: number, into: PackedRow): PackedRow {
    if (!(row >= 0 && row < this.rows)) throw new RangeError(`No row ${row} of ${this.rows}`);
    const block = Math.floor(row / BLOCK_ROWS);
    const inBlock = row - block * BLOCK_ROWS;
    const rows = Math.min(BLOCK_ROWS, this.rows - block * BLOCK_ROWS);
    const reader = new BlockReader(this.packed, this.starts[block], rows);
    into.id = reader.ids.at(inBlock);
    into.length = reader.lengths.at(inBlock);
    into.offset = reader.offset(inBlock);
    return into;
  }
}

/** The columns of one block before they are packed. */
class BlockColumns {
  #rows = 0;
  readonly #ids = new Float64Array(BLOCK_ROWS);
  readonly #lengths = new Float64Array(BLOCK_ROWS);
  readonly #offsets = new Float64Array(BLOCK_ROWS);
  readonly #runs: number[] = [];

  fill(source: ReferenceRows, first: number): void {
    this.#rows = Math.min(BLOCK_ROWS, source.rows - first);
    this.#runs.length = 0;
    let expected = -1;
    for (let i = 0; i < this.#rows; i++) {
      const id = source.id(first + i);
      this.#ids[i] = id;
      // An absent row continues the run before it and adds nothing.
      const absent = id === ABSENT_ID;
      const offset = absent ? Math.max(expected, 0) : source.offset(first + i);
      this.#offsets[i] = offset;
      this.#lengths[i] = absent ? 0 : source.length(first + i);
      if (offset !== expected) this.#runs.push(i);
      expected = offset + this.#lengths[i];
    }
  }

  write(writer: BitWriter): void {
    const rows = this.#rows;
    const ids = new ColumnPacking(this.#ids, rows);
    const lengths = new ColumnPacking(this.#lengths, rows);
    const offsets = new ColumnPacking(this.#offsets, rows);
    ids.writeHeader(writer);
    lengths.writeHeader(writer);
    // a run costs its row and a handful of bytes of offset
    const asRuns = this.#runs.length * 7 <= Math.ceil(rows * offsets.bits / 8);
    if (asRuns) {
      writer.varint(this.#runs.length);
      for (const row of this.#runs) {
        writer.varint(row);
        writer.varint(this.#offsets[row]);
      }
    } else {
      writer.varint(0);
      offsets.writeHeader(writer);
    }
    ids.write(writer);
    lengths.write(writer);
    if (!asRuns) offsets.write(writer);
  }
}

/** How one column of one block is packed. */
class ColumnPacking {
  readonly least: number;
  readonly bits: number;

  constructor(readonly values: Float64Array, readonly rows: number) {
    let [least, most] = [Infinity, 0];
    for (let i = 0; i < rows; i++) {
      if (values[i] < least) least = values[i];
      if (values[i] > most) most = values[i];
    }
    this.least = least;
    this.bits = bitsOf(most - least);
  }

  writeHeader(writer: BitWriter): void {
    writer.varint(this.least);
    writer.varint(this.bits);
  }

  write(writer: BitWriter): void {
    for (let i = 0; i < this.rows; i++) writer.bits(this.values[i] - this.least, this.bits);
    writer.align();
  }
}

function bitsOf(value: number): number {
  return value >= TWO_32 ? WIDE : 32 - Math.clz32(value);
}

/** Appends to a growing buffer. */
class BitWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #pending = 0;
  #pendingBits = 0;

  get byteLength(): number {
    return this.#length;
  }

  /** LEB128 of a safe integer ≥ 0. */
  varint(value: number): void {
    this.#reserve(10);
    while (value >= 128) {
      this.#bytes[this.#length++] = 128 + value % 128;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  bits(value: number, width: number): void {
    this.#reserve(10);
    if (width === WIDE) {
      this.#view.setFloat64(this.#length, value, true);
      this.#length += 8;
      return;
    }
    // at most 7 + 32 bits: exact in a double
    this.#pending += value * 2 ** this.#pendingBits;
    this.#pendingBits += width;
    while (this.#pendingBits >= 8) {
      this.#bytes[this.#length++] = this.#pending % 256;
      this.#pending = Math.floor(this.#pending / 256);
      this.#pendingBits -= 8;
    }
  }

  align(): void {
    if (this.#pendingBits === 0) return;
    this.#reserve(1);
    this.#bytes[this.#length++] = this.#pending;
    this.#pending = 0;
    this.#pendingBits = 0;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** A packed column of one block. */
class PackedColumn {
  start = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly least: number,
    readonly bits: number,
  ) {}

  byteLength(rows: number): number {
    return Math.ceil(rows * this.bits / 8);
  }

  at(row: number): number {
    const { bytes, bits, start } = this;
    if (bits === 0) return this.least;
    if (bits === WIDE) {
      return this.least +
        new DataView(bytes.buffer, bytes.byteOffset).getFloat64(start + row * 8, true);
    }
    const bit = row * bits;
    const at = start + (bit >>> 3);
    const shift = bit & 7;
    // five bytes hold any 32 bits; beyond the end a byte reads as undefined, which | makes 0
    const low = (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
    const value = shift === 0
      ? low
      : (low >>> shift) + ((bytes[at + 4] << (32 - shift)) >>> 0) % TWO_32;
    return this.least + (bits === 32 ? value : value & ((1 << bits) - 1));
  }
}

/** Reads one block. */
class BlockReader {
  readonly ids: PackedColumn;
  readonly lengths: PackedColumn;
  readonly #offsets: PackedColumn | undefined;
  readonly #runsAt: number;
  readonly #runs: number;
  #at: number;

  constructor(readonly bytes: Uint8Array, start: number, rows: number) {
    this.#at = start;
    this.ids = new PackedColumn(bytes, this.#varint(), this.#varint());
    this.lengths = new PackedColumn(bytes, this.#varint(), this.#varint());
    this.#runs = this.#varint();
    this.#runsAt = this.#at;
    if (this.#runs === 0) {
      this.#offsets = new PackedColumn(bytes, this.#varint(), this.#varint());
    } else {
      for (let i = 0; i < this.#runs * 2; i++) this.#varint();
    }
    this.ids.start = this.#at;
    this.lengths.start = this.ids.start + this.ids.byteLength(rows);
    if (this.#offsets) this.#offsets.start = this.lengths.start + this.lengths.byteLength(rows);
  }

  offset(row: number): number {
    if (this.#offsets) return this.#offsets.at(row);
    this.#at = this.#runsAt;
    let [first, offset] = [0, 0];
    for (let i = 0; i < this.#runs; i++) {
      const runRow = this.#varint();
      const runOffset = this.#varint();
      if (runRow > row) break;
      [first, offset] = [runRow, runOffset];
    }
    for (let i = first; i < row; i++) offset += this.lengths.at(i);
    return offset;
  }

  #varint(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.bytes[this.#at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
}
