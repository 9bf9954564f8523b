/** Packs references into the form that packed_references.ts describes and reads. */

import { BitWriter } from "./bit_stream.ts";
import {
  ABSENT_ID,
  AS_COLUMNS,
  AS_RUNS,
  BLOCK_ROWS,
  PackedReferences,
} from "./packed_references.ts";

const MAX_CLASS_BITS = 4;

/** Takes rows in order, and packs them a block at a time. What it needs for that is kept for the next time. */
export class ReferencePacker {
  readonly #block = new BlockRows();
  readonly #writer = new BitWriter();
  readonly #places = new BitWriter();
  readonly #histogram = new Uint16Array(54);
  #starts: number[] = [];

  /**
   * Adds a row.
   *
   * @param id as `PackedRow.id`, below 2³²
   * @param offset in bytes, a safe integer ≥ 0; of an absent row any
   * @param length in bytes, a safe integer ≥ 0, as is offset + length; of an absent row any
   */
  push(id: number, offset: number, length: number): void {
    const { ids, offsets, lengths } = this.#block;
    const row = this.#block.count++;
    ids[row] = id;
    offsets[row] = id === ABSENT_ID ? 0 : offset;
    lengths[row] = id === ABSENT_ID ? 0 : length;
    if (this.#block.count === BLOCK_ROWS) this.#writeBlock();
  }

  /** The rows pushed since the last time. */
  finish(): PackedReferences {
    const rows = this.#starts.length * BLOCK_ROWS + this.#block.count;
    if (this.#block.count > 0) this.#writeBlock();
    const packed = this.#writer.written().slice();
    const starts = Uint32Array.from(this.#starts);
    this.clear();
    return new PackedReferences(rows, starts, packed);
  }

  /** Forgets the rows pushed since the last time. */
  clear(): void {
    this.#writer.clear();
    this.#starts = [];
    this.#block.count = 0;
  }

  #writeBlock(): void {
    this.#starts.push(this.#writer.byteLength);
    this.#writePlaces();
    this.#writeLengths();
    this.#block.count = 0;
  }

  #writePlaces(): void {
    const block = this.#block;
    const places = this.#places;
    places.clear();
    const runs = block.runs();
    const plainIds = new Packing(block.ids, block.count);
    const stepIds = new Packing(block.idsLessRows(), block.count);
    const ids = stepIds.bits < plainIds.bits ? stepIds : plainIds;
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
      places.varint(ids === stepIds ? 1 : 0);
      for (const packing of [ids, offsets]) {
        places.varint(packing.least);
        places.varint(packing.bits);
      }
      ids.write(places);
      offsets.write(places);
    }
    this.#writer.varint(places.byteLength);
    this.#writer.append(places.written());
  }

  #writeLengths(): void {
    const { count, ids, lengths } = this.#block;
    const writer = this.#writer;
    let least = Infinity;
    for (let i = 0; i < count; i++) {
      if (ids[i] !== ABSENT_ID && lengths[i] < least) least = lengths[i];
    }
    if (least === Infinity) least = 0;
    const histogram = this.#histogram.fill(0);
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
  readonly #idsLessRows = new Float64Array(BLOCK_ROWS);

  /** Ids + {@link BLOCK_ROWS} − their rows: alike where each is one more than the one before. */
  idsLessRows(): Float64Array {
    for (let i = 0; i < this.count; i++) this.#idsLessRows[i] = this.ids[i] + BLOCK_ROWS - i;
    return this.#idsLessRows;
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
