/** The bit streams of Zstandard, which are read from their end. Source: RFC 8878 §4.1. */

import { IndexError } from "../../../src/errors.ts";

/** Bits of `bytes[start, end)`, last first. Beyond the first bit they are zeros; `left` tells. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Bits not yet read; negative once more were taken than there are. */
  left: number;

  /**
   * Begins with the last bit of `bytes[start, end)` before its end mark.
   *
   * @throws IndexError if the end mark (the highest set bit of the last byte) is missing
   */
  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? bytes[end - 1] : 0;
    if (last === 0 || last === undefined) {
      throw new IndexError("A compressed location has a bit stream without an end mark");
    }
    this.#bytes = bytes;
    this.#start = start;
    this.left = (end - start) * 8 - 1 - Math.clz32(last) + 24;
  }

  /** The next `count` bits (0 to 25), the first read being the highest. */
  read(count: number): number {
    this.left -= count;
    return this.at(this.left, count);
  }

  /** The next `count` bits (0 to 25), which stay unread. */
  peek(count: number): number {
    return this.at(this.left - count, count);
  }

  /** `count` bits from bit `bit` on, counted from the start. */
  private at(bit: number, count: number): number {
    if (bit < 0) {
      const missing = -bit;
      return missing >= count ? 0 : (this.at(0, count - missing) << missing) >>> 0;
    }
    const bytes = this.#bytes;
    const byte = this.#start + (bit >> 3);
    const word = bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16) |
      (bytes[byte + 3] << 24);
    return (word >>> (bit & 7)) & ((1 << count) - 1);
  }
}
