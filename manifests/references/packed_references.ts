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
 * - `0`, step, least id, bits an id, least offset, bits an offset, then the ids, then the offsets, as bits.
 *   Step is 0, or 1 where the ids are mostly each one more than the one before (each chunk in a file of
 *   its own): written is then the id + {@link BLOCK_ROWS} − the row. 512 chunks of 4,096 bytes, each in a
 *   file of its own, are `0, 1, 515, 0, 0, 0` and lengths `4096, 0, 0`.
 *
 * Lengths are a header (least length, `classBits`, `lowBits`), then for each row that is not absent its
 * class c and the length less the least: c = 0 has `lowBits` bits, any other c one bit fewer than
 * `lowBits + c`, as its highest bit is known.
 */

import { BitReader } from "./bit_stream.ts";

/** The row has no chunk. Ids are {@link PackedRow.id}. */
export const ABSENT_ID = 0;
/** The row is bytes held by the index itself; its offset is their place there. */
export const INLINE_ID = 1;
/** The index says of the row what cannot be a chunk; its offset is the number of what is wrong, its length 0. */
export const UNUSABLE_ID = 2;
/** The id of URL number 0. A row with a URL and length 0 is the whole file. */
export const FIRST_URL_ID = 3;

/** One row; an absent one has offset and length 0. */
export interface PackedRow {
  /** {@link ABSENT_ID}, {@link INLINE_ID}, {@link UNUSABLE_ID}, or {@link FIRST_URL_ID} plus a URL's number. */
  id: number;
  /** Bytes from the start of the file, or of the index's inline bytes. */
  offset: number;
  /** Bytes; 0 with a URL for the whole file. */
  length: number;
}

/** Rows that are packed together. A row is found by going through those before it in its block. */
export const BLOCK_ROWS = 512;

/** A block whose places are columns of bits. */
export const AS_COLUMNS = 0;
/** A block whose places are runs. */
export const AS_RUNS = 1;

/** Packed rows. Immutable; any row is read in microseconds. */
export class PackedReferences {
  /** Takes over what `ReferencePacker` wrote. */
  constructor(
    readonly rows: number,
    /** Where each block starts in `packed`. */
    readonly starts: Uint32Array,
    readonly packed: Uint8Array,
  ) {}

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.packed.byteLength + this.starts.byteLength + 256;
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
    return readInColumns(places, lengths, at, this.#rowsOf(block), into);
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
      this.#rowsOf(block),
    );
  }

  #rowsOf(block: number): number {
    return Math.min(BLOCK_ROWS, this.rows - block * BLOCK_ROWS);
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

  #readColumns(places: BitReader, rows: number): (row: number) => void {
    const columns = readColumns(places, rows);
    return (row) => {
      this.id = columns.id(row);
      this.offset = columns.offset();
    };
  }
}

/** The columns of a block, each read one row after the other. */
interface PlaceColumns {
  /** The next id, which is that of `row`. */
  id(row: number): number;
  /** The next offset. */
  offset(): number;
  /** Goes past rows. */
  skipIds(rows: number): void;
  /** Goes past rows. */
  skipOffsets(rows: number): void;
  /** True if no row is absent. */
  readonly isFull: boolean;
}

function readColumns(places: BitReader, rows: number): PlaceColumns {
  const step = places.varint();
  const [leastId, idBits] = [places.varint(), places.varint()];
  const [leastOffset, offsetBits] = [places.varint(), places.varint()];
  const offsets = new BitReader(places.bytes, places.at + Math.ceil(rows * idBits / 8));
  return {
    id: (row) => leastId + places.bits(idBits) + (step === 0 ? 0 : row - BLOCK_ROWS),
    offset: () => leastOffset + offsets.bits(offsetBits),
    skipIds: (rows) => places.skip(rows * idBits),
    skipOffsets: (rows) => offsets.skip(rows * offsetBits),
    isFull: step === 0 && leastId > ABSENT_ID,
  };
}

/** The row `at` of a block of columns. */
function readInColumns(
  places: BitReader,
  lengths: LengthReader,
  at: number,
  rows: number,
  into: PackedRow,
): PackedRow {
  const columns = readColumns(places, rows);
  // absent rows have no lengths
  let stored = at;
  if (columns.isFull) columns.skipIds(at);
  else for (let row = 0; row < at; row++) if (columns.id(row) === ABSENT_ID) stored--;
  into.id = columns.id(at);
  into.offset = 0;
  into.length = 0;
  if (into.id === ABSENT_ID) return into;
  columns.skipOffsets(at);
  into.offset = columns.offset();
  lengths.sum(stored);
  into.length = lengths.sum(1);
  return into;
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
