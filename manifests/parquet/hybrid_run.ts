/** Parquet's run-length and bit-packing hybrid. Source: parquet-format `Encodings.md`, "RLE = 3". */

/**
 * Decodes values of `bits` bits from `bytes[at, end)` until `into` is full; what a run says beyond that
 * is not made.
 *
 * @throws RangeError if the bytes end before
 */
export function readHybrid(
  bytes: Uint8Array,
  at: number,
  end: number,
  bits: number,
  into: Uint8Array | Uint32Array,
): void {
  for (let filled = 0; filled < into.length;) {
    let [header, scale] = [0, 1];
    for (;;) {
      if (at >= end) throw new RangeError("A run of a Parquet page is cut off");
      const byte = bytes[at++];
      header += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    const count = Math.floor(header / 2);
    if (count === 0) continue;
    if (header % 2 === 0) {
      const width = Math.ceil(bits / 8);
      if (at + width > end) throw new RangeError("A run of a Parquet page is cut off");
      let value = 0;
      for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
      at += width;
      if (value >= 2 ** bits) throw new RangeError(`A run of a Parquet page is over ${bits} bits`);
      into.fill(value, filled, Math.min(into.length, filled + count));
      filled += count;
    } else {
      const values = Math.min(into.length - filled, count * 8);
      if (at + Math.ceil(values * bits / 8) > end) {
        throw new RangeError("A run of a Parquet page is cut off");
      }
      unpack(bytes, at, bits, into, filled, values);
      at += count * bits;
      filled += values;
    }
  }
}

function unpack(
  bytes: Uint8Array,
  at: number,
  bits: number,
  into: Uint8Array | Uint32Array,
  from: number,
  count: number,
): void {
  let [pending, held] = [0, 0];
  const size = 2 ** bits;
  for (let i = from; i < from + count; i++) {
    // at most 31 + 8 bits: exact in a double
    for (; held < bits; held += 8) pending += bytes[at++] * 2 ** held;
    into[i] = pending % size;
    pending = Math.floor(pending / size);
    held -= bits;
  }
}
