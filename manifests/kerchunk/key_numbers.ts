/** The numbers that a reference's key ends in, which may be chunk coordinates: `1.2` of `a/1.2`, `1/2` of `a/c/1/2`. */

/** Segments of a tail beyond this make no chunk key. */
const MAX_NUMBERS = 30;

const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_C = 0x63;

/**
 * Reads tails; its fields describe the last one. Which of a tail's first numbers still belong to the
 * array's path (`0/1/2`: array `0`, or a root array) only the metadata tells, later.
 */
export class KeyNumbers {
  /** Of these, the first `count` are the tail's. */
  readonly numbers: number[] = new Array(MAX_NUMBERS).fill(0);
  /** How many of `numbers` count; 0 for the key `…/c` of a v3 scalar. */
  count = 0;
  /** Bit i is set where a slash follows number i, else a dot does. */
  slashes = 0;
  /** Where the tail starts in the bytes given. */
  start = 0;

  /** Reads the tail of the key in `bytes[start, end)`; false if it has none. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let from = end;
    while (from > start && isTailByte(bytes[from - 1])) from--;
    this.count = 0;
    this.slashes = 0;
    this.start = end;
    if (from === end) {
      return bytes[end - 1] === LETTER_C && (end - 1 === start || bytes[end - 2] === SLASH);
    }
    from = this.#segmentStart(bytes, start, from, end);
    return this.#parse(bytes, from, end);
  }

  /** The first place from `from` where a tail may start: behind a slash, or behind the `c.` of v3. */
  #segmentStart(bytes: Uint8Array, start: number, from: number, end: number): number {
    if (from === start || bytes[from - 1] === SLASH) return from;
    if (
      bytes[from] === DOT && bytes[from - 1] === LETTER_C &&
      (from - 1 === start || bytes[from - 2] === SLASH)
    ) return from + 1;
    while (from < end && bytes[from] !== SLASH) from++;
    return from + 1;
  }

  /** Parses numbers; begins anew behind a segment that is not of canonical numbers. */
  #parse(bytes: Uint8Array, from: number, end: number): boolean {
    this.start = from;
    this.count = 0;
    this.slashes = 0;
    for (let at = from; at < end; at++) {
      let value = 0;
      const first = at;
      while (at < end && bytes[at] >= ZERO && bytes[at] <= NINE) {
        value = value * 10 + bytes[at++] - ZERO;
      }
      const digits = at - first;
      const isCanonical = digits > 0 && value < 2 ** 32 && (digits === 1 || bytes[first] !== ZERO);
      if (isCanonical && at !== end - 1 && this.count < MAX_NUMBERS) {
        this.numbers[this.count] = value;
        if (at < end && bytes[at] === SLASH) this.slashes |= 1 << this.count;
        this.count++;
      } else {
        while (at < end && bytes[at] !== SLASH) at++;
        this.start = at + 1;
        this.count = 0;
        this.slashes = 0;
      }
    }
    return this.count > 0;
  }
}

function isTailByte(byte: number): boolean {
  return byte >= DOT && byte <= NINE; // . / 0–9
}
