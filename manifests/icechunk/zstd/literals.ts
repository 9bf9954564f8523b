/** The literals section of a Zstandard block. Source: RFC 8878 §3.1.1.3.1. */

import { IndexError } from "../../../src/errors.ts";
import { BackwardBits } from "./backward_bits.ts";
import { decodeHuffmanStream, type HuffmanTable, readHuffmanTable } from "./huffman_table.ts";
import { unsigned } from "./little_endian.ts";

const bad = (what: string) => new IndexError(`A compressed location ${what}`);

/** The Huffman table that a block may take over; a block with one of its own leaves that behind. */
export interface LiteralsEntropy {
  /** Undefined before the first. */
  huffman?: HuffmanTable;
}

/** Where a block's literals lie. */
export interface Literals {
  /** The frame itself, or what was given to decode into. */
  readonly source: Uint8Array;
  /** The first literal's place in `source`. */
  readonly from: number;
  /** Bytes. */
  readonly count: number;
  /** The position behind the section in the frame. */
  readonly next: number;
}

/**
 * Reads the literals of the block in `frame[start, end)`.
 *
 * @param into room for them; its length is what a block may have
 * @throws IndexError
 */
export function readLiterals(
  frame: Uint8Array,
  start: number,
  end: number,
  entropy: LiteralsEntropy,
  into: Uint8Array,
): Literals {
  const first = start < end ? frame[start] : 0;
  const type = first & 3;
  const format = (first >> 2) & 3;
  const headerBytes = type < 2 ? [1, 2, 1, 3][format] : [3, 3, 4, 5][format];
  let at = start + headerBytes;
  if (at > end) throw bad("is cut short");
  const header = unsigned(frame, start, headerBytes);
  if (type < 2) {
    const count = Math.floor(header / (headerBytes === 1 ? 8 : 16));
    if (count > into.length) throw bad(`is over ${into.length} bytes`);
    if (at + (type === 1 ? 1 : count) > end) throw bad("is cut short");
    if (type === 0) return { source: frame, from: at, count, next: at + count };
    into.fill(frame[at], 0, count);
    return { source: into, from: 0, count, next: at + 1 };
  }
  const sizeBits = [10, 10, 14, 18][format];
  const count = Math.floor(header / 16) % 2 ** sizeBits;
  const stored = Math.floor(header / 2 ** (4 + sizeBits));
  const next = at + stored;
  if (count > into.length) throw bad(`is over ${into.length} bytes`);
  if (next > end) throw bad("is cut short");
  if (type === 2) {
    const read = readHuffmanTable(frame, at, next);
    entropy.huffman = read.table;
    at = read.next;
  }
  const table = entropy.huffman;
  if (!table) throw bad("repeats a table that does not exist");
  if (format === 0) {
    decodeHuffmanStream(table, new BackwardBits(frame, at, next), into, 0, count);
  } else {
    const each = (count + 3) >> 2;
    if (at + 6 > next || count < 6) throw bad("is cut short");
    let from = at + 6;
    for (let i = 0; i < 4; i++) {
      const to = i < 3 ? from + unsigned(frame, at + 2 * i, 2) : next;
      if (to > next) throw bad("is cut short");
      decodeHuffmanStream(
        table,
        new BackwardBits(frame, from, to),
        into,
        i * each,
        i < 3 ? (i + 1) * each : count,
      );
      from = to;
    }
  }
  return { source: into, from: 0, count, next };
}
