/** Parquet's delta encodings. Source: parquet-format `Encodings.md`, "Delta encoding". */

/** What a delta-encoded run of integers holds, and where it ends. */
export interface DeltaRun {
  /** Infinity from where a double cannot tell them exactly. */
  readonly values: Float64Array;
  /** Bytes from the start of the page. */
  readonly end: number;
}

/**
 * Decodes the integers that start at `at`.
 *
 * @param most how many are wanted
 * @throws RangeError if the bytes end before
 */
export function readDeltas(bytes: Uint8Array, at: number, most: number): DeltaRun {
  const reader = new DeltaReader(bytes, at);
  const blockSize = reader.varint();
  const miniblocks = reader.varint();
  const total = reader.varint();
  const size = blockSize / miniblocks;
  if (!(size > 0 && size % 8 === 0 && miniblocks <= bytes.length && total >= 0)) {
    throw new RangeError("A page of deltas has no blocks");
  }
  const values = new Float64Array(Math.min(total, most));
  let value = reader.zigzag();
  if (values.length > 0) values[0] = value;
  for (let done = 1; done < total;) {
    const least = reader.zigzag();
    const widths = reader.take(miniblocks);
    for (let i = 0; i < miniblocks && done < total; i++) {
      const start = reader.at;
      // the last miniblock is as long as any
      reader.take(size * widths[i] / 8);
      if (widths[i] > 64) throw new RangeError(`Deltas have ${widths[i]} bits`);
      const stop = Math.min(size, total - done);
      for (let k = 0; k < stop && done + k < values.length; k++) {
        value += least + unsigned(bytes, start * 8 + k * widths[i], widths[i]);
        values[done + k] = Number.isSafeInteger(value) ? value : Infinity;
      }
      done += stop;
    }
  }
  return { values, end: reader.at };
}

/** The bits from `bit`; Infinity where a double cannot tell them exactly. */
function unsigned(bytes: Uint8Array, bit: number, bits: number): number {
  let value = 0;
  for (let done = 0; done < bits;) {
    const shift = (bit + done) & 7;
    const taken = Math.min(8 - shift, bits - done);
    value += ((bytes[(bit + done) >>> 3] >>> shift) & ((1 << taken) - 1)) * 2 ** done;
    done += taken;
  }
  return Number.isSafeInteger(value) ? value : Infinity;
}

class DeltaReader {
  constructor(readonly bytes: Uint8Array, public at: number) {}

  take(length: number): Uint8Array {
    if (!(this.at + length <= this.bytes.length)) throw new RangeError("A page is cut off");
    return this.bytes.subarray(this.at, this.at += length);
  }

  varint(): number {
    for (let value = 0, scale = 1; scale <= 2 ** 63; scale *= 128) {
      const [byte] = this.take(1);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError("A number has no end");
  }

  zigzag(): number {
    const value = this.varint();
    if (!Number.isSafeInteger(value)) return Infinity;
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
