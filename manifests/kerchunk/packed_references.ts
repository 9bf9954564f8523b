/**
 * References as bits: the resident form of every kerchunk index. In archival files chunks mostly lie
 * one behind the other, so an offset is the sum of the lengths before it, and only the lengths are
 * kept. Lengths spread over several powers of two, so each is written with its own number of bits.
 * 22 million references of varying sizes take about 54 MB, against 440 MB as plain columns.
 *
 * Rows are packed in blocks of {@link BLOCK_ROWS}. A block is the bytes of its places, its places, its
 * lengths. Places are written in the shorter of two ways:
 *
 * - `1`, runs, then each run: rows since the last one × 2, + 1 if it has an id and an offset of its own
 *   (which follow), else it goes on in the file behind a gap of so many bytes (which follow). Within a
 *   run one row starts where the one before ended.
 * - `0`, least id, bits an id, least offset, bits an offset, then the ids, then the offsets, as bits.
 *
 * Lengths are a header (least length, `classBits`, `lowBits`), then for each row that is not absent its
 * class c and the length less the least: c = 0 has `lowBits` bits, any other c one bit fewer than
 * `lowBits + c`, as its highest bit is known.
 */

import { BitReader, BitWriter } from "./bit_stream.ts";

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
  /** Bytes; a safe integer ≥ 0, as is offset + length. Not asked for absent rows. */
  length(row: number): number;
}

/** One row; an absent one has offset and length 0. */
export interface PackedRow {
  id: number;
  offset: number;
  length: number;
}

/** Rows that are packed together. A row is found by going through those before it in its block. */
export const BLOCK_ROWS = 512;

const AS_COLUMNS = 0;
const AS_RUNS = 1;
const MAX_CLASS_BITS = 4;

/** Immutable; any row is read in microseconds. */
export class PackedReferences {
  private constructor(
    readonly rows: number,
    /** Where each block starts in `#packed`. */
    readonly starts: Uint32Array,
    readonly packed: Uint8Array,
  ) {}

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.packed.byteLength + this.starts.byteLength + 256;
  }

  static pack(source: ReferenceRows): PackedReferences {
    const writer = new BitWriter();
    const starts = new Uint32Array(Math.ceil(source.rows / BLOCK_ROWS));
    const block = new BlockRows();
    for (let i = 0; i < starts.length; i++) {
      starts[i] = writer.byteLength;
      block.fill(source, i * BLOCK_ROWS);
      writePlaces(block, writer);
      writeLengths(block, writer);
    }
    return new PackedReferences(source.rows, starts, writer.finish());
  }

  /** Reads one row into `into`, which it returns. */
  read(row: number, into: PackedRow): PackedRow {
    if (!(row >= 0 && row < this.rows)) throw new RangeError(`No row ${row} of ${this.rows}`);
    const block = Math.floor(row / BLOCK_ROWS);
    const at = row - block * BLOCK_ROWS;
    const places = new BitReader(this.packed, this.starts[block]);
    const placesBytes = places.varint();
    const lengths = new LengthReader(this.packed, places.at + placesBytes);
    if (places.varint() === AS_RUNS) return readInRuns(places, lengths, at, into);
    const reader = this.#block(block);
    for (let i = 0; i <= at; i++) reader.next();
    into.id = reader.id;
    into.offset = reader.offset;
    into.length = reader.length;
    return into;
  }

  /** Every row in order; the same object each time. */
  *all(): Generator<PackedRow> {
    for (let first = 0; first < this.rows; first += BLOCK_ROWS) {
      const reader = this.#block(first / BLOCK_ROWS);
      for (let row = first; row < Math.min(first + BLOCK_ROWS, this.rows); row++) {
        reader.next();
        yield reader;
      }
    }
  }

  #block(block: number): BlockReader {
    return new BlockReader(
      this.packed,
      this.starts[block] ?? 0,
      Math.min(BLOCK_ROWS, this.rows - block * BLOCK_ROWS),
    );
  }
}

/** Reads the rows of a block one after the other. */
class BlockReader implements PackedRow {
  id = ABSENT_ID;
  offset = 0;
  length = 0;
  readonly #next: (row: number) => void;
  readonly #lengths: LengthReader;
  #row = 0;
  /** Where the next row starts if it continues the run. */
  #expected = 0;

  constructor(bytes: Uint8Array, start: number, rows: number) {
    const places = new BitReader(bytes, start);
    const placesBytes = places.varint();
    this.#lengths = new LengthReader(bytes, places.at + placesBytes);
    this.#next = places.varint() === AS_RUNS
      ? this.#readRuns(places)
      : this.#readColumns(places, rows);
  }

  next(): void {
    this.#next(this.#row++);
    if (this.id === ABSENT_ID) {
      this.offset = 0;
      this.length = 0;
      return;
    }
    this.length = this.#lengths.sum(1);
    this.#expected = this.offset + this.length;
  }

  #readRuns(places: BitReader): (row: number) => void {
    let runs = places.varint();
    let step = runs > 0 ? places.varint() : 0;
    let nextRun = runs > 0 ? step >>> 1 : -1;
    return (row) => {
      this.offset = this.#expected;
      if (row !== nextRun) return;
      if (step & 1) {
        this.id = places.varint();
        this.offset = places.varint();
      } else {
        this.offset += places.varint();
      }
      if (--runs === 0) return;
      step = places.varint();
      nextRun = row + (step >>> 1);
    };
  }

  #readColumns(places: BitReader, rows: number): () => void {
    const [leastId, idBits] = [places.varint(), places.varint()];
    const [leastOffset, offsetBits] = [places.varint(), places.varint()];
    const offsets = new BitReader(places.bytes, places.at + Math.ceil(rows * idBits / 8));
    return () => {
      this.id = leastId + places.bits(idBits);
      this.offset = leastOffset + offsets.bits(offsetBits);
    };
  }
}

/** The row `at` of a block of runs, whose places are read up to the runs. */
function readInRuns(
  places: BitReader,
  lengths: LengthReader,
  at: number,
  into: PackedRow,
): PackedRow {
  // the last run with an id of its own that starts at or before the row
  let [first, id, start, gaps] = [0, ABSENT_ID, 0, 0];
  // rows before it that have lengths
  let stored = 0;
  let run = 0;
  for (let runs = places.varint(); runs > 0; runs--) {
    const step = places.varint();
    run += step >>> 1;
    if (run > at) break;
    if ((step & 1) === 0) {
      gaps += places.varint();
      continue;
    }
    if (id !== ABSENT_ID) stored += run - first;
    first = run;
    id = places.varint();
    start = places.varint();
    gaps = 0;
  }
  into.id = id;
  into.offset = 0;
  into.length = 0;
  if (id === ABSENT_ID) return into;
  lengths.sum(stored);
  into.offset = start + gaps + lengths.sum(at - first);
  into.length = lengths.sum(1);
  return into;
}

/** A run: where it starts, and a gap in the file before it or an id and an offset of its own. */
interface Run {
  readonly row: number;
  /** undefined: of the run before. */
  readonly id?: number;
  /** The offset if there is an id, else the gap. */
  readonly bytes: number;
}

/** The rows of one block before they are packed. Absent rows have offset and length 0. */
class BlockRows {
  count = 0;
  readonly ids = new Float64Array(BLOCK_ROWS);
  readonly offsets = new Float64Array(BLOCK_ROWS);
  readonly lengths = new Float64Array(BLOCK_ROWS);

  fill(source: ReferenceRows, first: number): void {
    this.count = Math.min(BLOCK_ROWS, source.rows - first);
    for (let i = 0; i < this.count; i++) {
      const id = source.id(first + i);
      this.ids[i] = id;
      this.offsets[i] = id === ABSENT_ID ? 0 : source.offset(first + i);
      this.lengths[i] = id === ABSENT_ID ? 0 : source.length(first + i);
    }
  }

  runs(): Run[] {
    const { ids, offsets, lengths } = this;
    const runs: Run[] = [];
    let expected = 0;
    for (let row = 0; row < this.count; row++) {
      const id = ids[row];
      const isSameFile = row > 0 && id === ids[row - 1];
      const gap = offsets[row] - expected;
      if (id === ABSENT_ID) {
        if (!isSameFile) runs.push({ row, id, bytes: 0 });
        continue;
      }
      if (!isSameFile || gap < 0) runs.push({ row, id, bytes: offsets[row] });
      else if (gap > 0) runs.push({ row, bytes: gap });
      expected = offsets[row] + lengths[row];
    }
    return runs;
  }
}

function writePlaces(block: BlockRows, writer: BitWriter): void {
  const places = new BitWriter();
  const runs = block.runs();
  const ids = new Packing(block.ids, block.count);
  const offsets = new Packing(block.offsets, block.count);
  let runBytes = 0;
  for (const { id, bytes } of runs) {
    runBytes += 2 + (id === undefined ? 0 : varintBytes(id)) + varintBytes(bytes);
  }
  if (runBytes * 8 <= block.count * (ids.bits + offsets.bits)) {
    places.varint(AS_RUNS);
    places.varint(runs.length);
    let last = 0;
    for (const { row, id, bytes } of runs) {
      places.varint((row - last) * 2 + (id === undefined ? 0 : 1));
      if (id !== undefined) places.varint(id);
      places.varint(bytes);
      last = row;
    }
  } else {
    places.varint(AS_COLUMNS);
    for (const packing of [ids, offsets]) {
      places.varint(packing.least);
      places.varint(packing.bits);
    }
    ids.write(places);
    offsets.write(places);
  }
  writer.varint(places.byteLength);
  writer.append(places.finish());
}

/** A column as differences to its least value, all with the same number of bits. */
class Packing {
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

  write(writer: BitWriter): void {
    for (let i = 0; i < this.rows; i++) writer.bits(this.values[i] - this.least, this.bits);
    writer.align();
  }
}

function writeLengths({ count, ids, lengths }: BlockRows, writer: BitWriter): void {
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    if (ids[i] !== ABSENT_ID && lengths[i] < least) least = lengths[i];
  }
  if (least === Infinity) least = 0;
  const histogram = new Uint16Array(54);
  for (let i = 0; i < count; i++) {
    if (ids[i] !== ABSENT_ID) histogram[bitsOf(lengths[i] - least)]++;
  }
  const { classBits, lowBits } = cheapestClasses(histogram);
  writer.varint(least);
  writer.varint(classBits);
  writer.varint(lowBits);
  for (let i = 0; i < count; i++) {
    if (ids[i] === ABSENT_ID) continue;
    const value = lengths[i] - least;
    const bits = bitsOf(value);
    const lengthClass = Math.max(0, bits - lowBits);
    writer.bits(lengthClass, classBits);
    if (lengthClass === 0) writer.bits(value, lowBits);
    else writer.bits(value - 2 ** (bits - 1), bits - 1);
  }
  writer.align();
}

/** Reads the lengths of a block one after the other. */
class LengthReader {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #least: number;
  readonly #classBits: number;
  readonly #lowBits: number;
  /** Bits read. */
  #bit = 0;

  constructor(bytes: Uint8Array, at: number) {
    const header = new BitReader(bytes, at);
    this.#bytes = bytes;
    this.#least = header.varint();
    this.#classBits = header.varint();
    this.#lowBits = header.varint();
    this.#start = header.at;
  }

  /** The sum of the next `count` lengths. */
  sum(count: number): number {
    const bytes = this.#bytes;
    const classBits = this.#classBits;
    const lowBits = this.#lowBits;
    const classMask = (1 << classBits) - 1;
    let total = 0;
    let bit = this.#bit;
    for (let i = 0; i < count; i++) {
      const at = this.#start + (bit >>> 3);
      // 25 bits at least; beyond the end there is undefined, which | makes 0
      const word = (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>>
        (bit & 7);
      const lengthClass = word & classMask;
      const bits = lengthClass === 0 ? lowBits : lowBits + lengthClass - 1;
      if (classBits + bits <= 25) {
        const value = (word >>> classBits) & ((1 << bits) - 1);
        total += lengthClass === 0 ? value : value + (1 << bits);
      } else {
        const value = this.#wide(bit + classBits, bits);
        total += lengthClass === 0 ? value : value + 2 ** bits;
      }
      bit += classBits + bits;
    }
    this.#bit = bit;
    return total + count * this.#least;
  }

  /** Up to 53 bits from `bit`. */
  #wide(bit: number, bits: number): number {
    let value = 0;
    for (let done = 0; done < bits;) {
      const at = this.#start + ((bit + done) >>> 3);
      const shift = (bit + done) & 7;
      const taken = Math.min(8 - shift, bits - done);
      value += ((this.#bytes[at] >>> shift) & ((1 << taken) - 1)) * 2 ** done;
      done += taken;
    }
    return value;
  }
}

/** The classes that need the fewest bits for values of which so many have so many bits. */
function cheapestClasses(histogram: Uint16Array): { classBits: number; lowBits: number } {
  let most = histogram.length - 1;
  while (most > 0 && histogram[most] === 0) most--;
  let best = { classBits: 0, lowBits: most };
  let least = Infinity;
  for (let classBits = 0; classBits <= MAX_CLASS_BITS; classBits++) {
    const lowBits = Math.max(0, most - 2 ** classBits + 1);
    let cost = 0;
    for (let bits = 0; bits <= most; bits++) {
      cost += histogram[bits] * (classBits + (bits <= lowBits ? lowBits : bits - 1));
    }
    if (cost < least) {
      least = cost;
      best = { classBits, lowBits };
    }
  }
  return best;
}

/** Bits that a safe integer ≥ 0 takes. */
function bitsOf(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));
}

function varintBytes(value: number): number {
  return Math.max(1, Math.ceil(bitsOf(value) / 7));
}
