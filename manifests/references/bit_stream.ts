/** Integers of any number of bits, one behind the other, least significant bit first. */

const TWO_32 = 2 ** 32;

/** Appends to a growing buffer. */
export class BitWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #pending = 0;
  #pendingBits = 0;

  /** Whole bytes so far. */
  get byteLength(): number {
    return this.#length;
  }

  /** Appends the lowest `count` (0 to 53) bits of `value`, which has no others. */
  bits(value: number, count: number): void {
    if (count > 32) {
      this.bits(value % TWO_32, 32);
      return this.bits(Math.floor(value / TWO_32), count - 32);
    }
    if (this.#length + 8 > this.#bytes.length) this.#grow();
    // at most 7 + 32 bits: exact in a double
    this.#pending += value * 2 ** this.#pendingBits;
    this.#pendingBits += count;
    while (this.#pendingBits >= 8) {
      this.#bytes[this.#length++] = this.#pending % 256;
      this.#pending = Math.floor(this.#pending / 256);
      this.#pendingBits -= 8;
    }
  }

  /** Appends a safe integer ≥ 0 as LEB128, on a byte's border. */
  varint(value: number): void {
    if (this.#length + 16 > this.#bytes.length) this.#grow();
    while (value >= 128) {
      this.#bytes[this.#length++] = 128 + value % 128;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  /** Appends bytes, on a byte's border. */
  append(bytes: Uint8Array): void {
    while (this.#length + bytes.length > this.#bytes.length) this.#grow();
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Goes to the next byte's border. */
  align(): void {
    if (this.#pendingBits > 0) this.bits(0, 8 - this.#pendingBits);
  }

  /** The whole bytes so far: a view, good until the next call. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew, with the room that there is. */
  clear(): void {
    this.#length = 0;
    this.#pending = 0;
    this.#pendingBits = 0;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Reads what {@link BitWriter} wrote. */
export class BitReader {
  #at = 0;
  #bit = 0;

  /** Begins on a byte's border. @param at where to start, in bytes */
  constructor(readonly bytes: Uint8Array, at: number) {
    this.#at = at;
  }

  /** Where the next byte is, on a byte's border. */
  get at(): number {
    return this.#at;
  }

  /** The next `count` (0 to 53) bits. */
  bits(count: number): number {
    if (count > 32) return this.bits(32) + this.bits(count - 32) * TWO_32;
    if (count === 0) return 0;
    const { bytes } = this;
    const at = this.#at;
    const shift = this.#bit;
    // five bytes hold any 32 bits; what is read beyond the end is undefined, and 0 when shifted
    let value = (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>>
      shift;
    if (shift + count > 32) value |= bytes[at + 4] << (32 - shift);
    this.#bit += count;
    this.#at += this.#bit >>> 3;
    this.#bit &= 7;
    return count === 32 ? value >>> 0 : value & ((1 << count) - 1);
  }

  /** Goes past `count` bits. */
  skip(count: number): void {
    const bit = this.#bit + count;
    this.#at += Math.floor(bit / 8);
    this.#bit = bit & 7;
  }

  /** The next LEB128 integer, on a byte's border. */
  varint(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.bytes[this.#at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
}
