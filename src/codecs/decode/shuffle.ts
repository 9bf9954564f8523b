/** The byte shuffle of HDF5, numcodecs and Blosc, and Blosc's bit shuffle. */

/**
 * Undoes the byte shuffle: all first bytes of the elements, then all second bytes, and so on. Bytes
 * behind the last whole element are as they were (HDF5's and Blosc's rule).
 *
 * @param elementBytes bytes of an element
 */
export function unshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  const whole = count * elementBytes;
  const out = new Uint8Array(bytes.length);
  for (let byte = 0; byte < elementBytes; byte++) {
    const plane = byte * count;
    for (let i = 0, to = byte; i < count; i++, to += elementBytes) out[to] = bytes[plane + i];
  }
  out.set(bytes.subarray(whole), whole);
  return out;
}

/**
 * Undoes the bit shuffle of one Blosc block: for each byte of an element and each of its bits from the
 * lowest, that bit of all elements, eight to a byte. Blosc leaves a block alone whose number of
 * elements is no multiple of eight.
 *
 * @param elementBytes bytes of an element
 */
export function bitUnshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  if (count % 8 !== 0) return bytes;
  const whole = count * elementBytes;
  const out = new Uint8Array(bytes.length);
  const row = count / 8;
  for (let byte = 0; byte < elementBytes; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const from = (byte * 8 + bit) * row;
      for (let i = 0; i < row; i++) {
        const packed = bytes[from + i];
        let to = i * 8 * elementBytes + byte;
        for (let k = 0; k < 8; k++, to += elementBytes) out[to] |= (packed >> k & 1) << bit;
      }
    }
  }
  out.set(bytes.subarray(whole), whole);
  return out;
}
