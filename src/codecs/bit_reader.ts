/** Reads numbers from bits, the most significant first. */

import { ChunkError } from "../errors.ts";

/** A place in the bits of some bytes. */
export class BitReader {
  #at = 0;
  #held = 0;
  #bits = 0;

  /** At the highest bit of the first byte. @param codec for messages */
  constructor(readonly codec: string, readonly bytes: Uint8Array) {}

  /** The next `count` bits, up to 24, as an unsigned number. @throws ChunkError behind the end */
  read(count: number): number {
    while (this.#bits < count) this.#take();
    this.#bits -= count;
    const value = this.#held >>> this.#bits;
    this.#held &= (1 << this.#bits) - 1;
    return value;
  }

  /** The next `count` bits, up to 64. */
  readLong(count: number): bigint {
    let value = 0n;
    for (let left = count; left > 0;) {
      const part = Math.min(left, 24);
      value = value << BigInt(part) | BigInt(this.read(part));
      left -= part;
    }
    return value;
  }

  /** Zeros before the next one, which is passed over too. @throws ChunkError behind the end */
  zeros(): number {
    let count = 0;
    while (this.#held === 0) {
      count += this.#bits;
      this.#bits = 0;
      this.#take();
    }
    const leading = this.#bits - (32 - Math.clz32(this.#held));
    this.#bits -= leading + 1;
    this.#held &= (1 << this.#bits) - 1;
    return count + leading;
  }

  #take(): void {
    if (this.#at >= this.bytes.length) {
      throw new ChunkError(`${this.codec} data are cut short`);
    }
    this.#held = this.#held << 8 | this.bytes[this.#at++];
    this.#bits += 8;
  }
}
