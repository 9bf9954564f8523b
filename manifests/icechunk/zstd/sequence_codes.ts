/** Baselines, extra bits and default distributions of Zstandard sequences. Source: RFC 8878 §3.1.1.3.2. */

import { buildFseTable, type FseTable } from "./fse_table.ts";

/** One of the three codes of a sequence: how its value comes from its code, and its tables' limits. */
export interface SequenceCode {
  /** The highest code. */
  readonly maxSymbol: number;
  /** Bits of a state's number at most, in a table that a frame brings. */
  readonly maxLog: number;
  /** Each code's value before its extra bits are added. */
  readonly bases: Uint32Array;
  /** Bits to read behind each code. */
  readonly extraBits: Uint8Array;
  /** The table of a block that brings none. */
  readonly predefined: FseTable;
}

/** Consecutive baselines from the extra bits alone. */
function code(first: number, extraBits: number[], maxLog: number, predefined: FseTable) {
  const bases = new Uint32Array(extraBits.length);
  let base = first;
  for (let i = 0; i < extraBits.length; i++) {
    bases[i] = base;
    base += 2 ** extraBits[i];
  }
  return {
    maxSymbol: extraBits.length - 1,
    maxLog,
    bases,
    extraBits: Uint8Array.from(extraBits),
    predefined,
  };
}

const zeros = (count: number): number[] => new Array(count).fill(0);

/** Literals lengths: codes 0 to 35. */
export const LITERALS_LENGTH: SequenceCode = code(
  0,
  [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  9,
  // deno-fmt-ignore
  buildFseTable([
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
  ], 6),
);

/** Match lengths: codes 0 to 52, from 3. */
export const MATCH_LENGTH: SequenceCode = code(
  3,
  [
    ...zeros(32),
    ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  ],
  9,
  // deno-fmt-ignore
  buildFseTable([
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ], 6),
);

/** Offsets: code `n` is `2ⁿ` and `n` more bits. */
export const OFFSET: SequenceCode = code(
  1,
  Array.from({ length: 32 }, (_, n) => n),
  8,
  // deno-fmt-ignore
  buildFseTable([
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
  ], 5),
);
