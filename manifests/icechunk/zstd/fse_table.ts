/** Finite state entropy tables of Zstandard. Source: RFC 8878 §4.1.1. */

import { IndexError } from "../../../src/errors.ts";

/** A decoding table of `1 << log` states. */
export interface FseTable {
  /** Bits of a state's number. */
  readonly log: number;
  /** What each state stands for. */
  readonly symbols: Uint8Array;
  /** Bits to read for the next state. */
  readonly bits: Uint8Array;
  /** The next state before those bits are added. */
  readonly bases: Uint16Array;
}

/** The table of a distribution: a state count a symbol, -1 for "less than one". */
export function buildFseTable(counts: ArrayLike<number>, log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(counts.length);
  let high = size - 1;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    if (counts[symbol] === -1) {
      symbols[high--] = symbol;
      next[symbol] = 1;
    } else next[symbol] = counts[symbol];
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    for (let i = 0; i < counts[symbol]; i++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1); while (position > high);
    }
  }
  if (position !== 0) throw new IndexError("A compressed location has a bad distribution");
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const value = next[symbols[state]]++;
    bits[state] = log - (31 - Math.clz32(value));
    bases[state] = (value << bits[state]) - size;
  }
  return { log, symbols, bits, bases };
}

/** The table of one symbol, which costs no bits. */
export function singleSymbolTable(symbol: number): FseTable {
  return {
    log: 0,
    symbols: Uint8Array.of(symbol),
    bits: new Uint8Array(1),
    bases: new Uint16Array(1),
  };
}

/**
 * Reads a table description at `start`.
 *
 * @returns the table, and the position behind its description
 * @throws IndexError
 */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxSymbol: number,
  maxLog: number,
): { table: FseTable; next: number } {
  const bad = () => new IndexError("A compressed location has a bad entropy table");
  let bit = start * 8;
  const read = (count: number): number => {
    const byte = bit >> 3;
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) |
      ((bytes[byte + 2] ?? 0) << 16);
    const value = (word >>> (bit & 7)) & ((1 << count) - 1);
    bit += count;
    if (bit > end * 8) throw bad();
    return value;
  };
  const log = 5 + read(4);
  if (log > maxLog) throw bad();
  let remaining = 1 << log;
  const counts: number[] = [];
  while (remaining > 0) {
    if (counts.length > maxSymbol) throw bad();
    // A value of 0 … remaining + 1; the small ones take one bit less.
    const width = 32 - Math.clz32(remaining + 1);
    const low = (1 << width) - 1 - (remaining + 1);
    let value = read(width - 1);
    if (value >= low) {
      const top = read(1);
      value += top << (width - 1);
      if (value >= 1 << (width - 1)) value -= low;
    }
    const count = value - 1;
    counts.push(count);
    remaining -= Math.abs(count);
    if (count === 0) {
      let repeat: number;
      do {
        repeat = read(2);
        for (let i = 0; i < repeat; i++) counts.push(0);
      } while (repeat === 3 && counts.length <= maxSymbol);
    }
  }
  if (remaining !== 0 || counts.length > maxSymbol + 1) throw bad();
  return { table: buildFseTable(counts, log), next: (bit + 7) >> 3 };
}
