/** Huffman tables of Zstandard literals. Source: RFC 8878 §4.2. */

import { IndexError } from "../../../src/errors.ts";
import { BackwardBits } from "./backward_bits.ts";
import { readFseTable } from "./fse_table.ts";

/** A decoding table indexed by the next `maxBits` bits. */
export interface HuffmanTable {
  /** Bits of the longest code. */
  readonly maxBits: number;
  /** The symbol whose code these bits start with. */
  readonly symbols: Uint8Array;
  /** Bits of that symbol's code. */
  readonly bits: Uint8Array;
}

const MAX_BITS = 11;
const bad = () => new IndexError("A compressed location has a bad Huffman table");

/**
 * Reads a tree description at `start`.
 *
 * @returns the table, and the position behind its description
 * @throws IndexError
 */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): { table: HuffmanTable; next: number } {
  if (start >= end) throw bad();
  const header = bytes[start];
  const length = header >= 128 ? (header - 126) >> 1 : header;
  const next = start + 1 + length;
  if (next > end) throw bad();
  const weights: number[] = [];
  if (header >= 128) {
    for (let i = 0; i < header - 127; i++) {
      const pair = bytes[start + 1 + (i >> 1)];
      weights.push(i % 2 === 0 ? pair >> 4 : pair & 15);
    }
  } else readWeights(bytes, start + 1, next, weights);
  return { table: buildHuffmanTable(weights), next };
}

/** Weights as two interleaved FSE streams, which end where their bits do. */
function readWeights(bytes: Uint8Array, start: number, end: number, weights: number[]): void {
  const { table, next } = readFseTable(bytes, start, end, 255, 6);
  const stream = new BackwardBits(bytes, next, end);
  const states = [stream.read(table.log), stream.read(table.log)];
  if (stream.left < 0) throw bad();
  for (let turn = 0;; turn ^= 1) {
    const state = states[turn];
    weights.push(table.symbols[state]);
    if (weights.length > 255) throw bad();
    if (stream.left < table.bits[state]) {
      weights.push(table.symbols[states[turn ^ 1]]);
      if (weights.length > 255) throw bad();
      return;
    }
    states[turn] = table.bases[state] + stream.read(table.bits[state]);
  }
}

/** The last symbol's weight is not written: it fills the sum to a power of two. */
function buildHuffmanTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > MAX_BITS) throw bad();
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum === 0) throw bad();
  const maxBits = 32 - Math.clz32(sum);
  const rest = (1 << maxBits) - sum;
  if (maxBits > MAX_BITS || (rest & (rest - 1)) !== 0) throw bad();
  const all = [...weights, 32 - Math.clz32(rest)];
  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  let position = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    for (let symbol = 0; symbol < all.length; symbol++) {
      if (all[symbol] !== weight) continue;
      const span = 1 << (weight - 1);
      symbols.fill(symbol, position, position + span);
      bits.fill(maxBits + 1 - weight, position, position + span);
      position += span;
    }
  }
  return { maxBits, symbols, bits };
}

/** Decodes one stream into `out[from, to)`. @throws IndexError unless it gives exactly that */
export function decodeHuffmanStream(
  table: HuffmanTable,
  stream: BackwardBits,
  out: Uint8Array,
  from: number,
  to: number,
): void {
  const { maxBits, symbols, bits } = table;
  for (let i = from; i < to; i++) {
    const index = stream.peek(maxBits);
    out[i] = symbols[index];
    stream.left -= bits[index];
  }
  if (stream.left !== 0) throw bad();
}
