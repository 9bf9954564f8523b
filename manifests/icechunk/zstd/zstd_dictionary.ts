/**
 * Zstandard frames made with a dictionary, as Icechunk 2 compresses the locations of virtual chunks:
 * one frame a reference, at most 1,024 bytes decoded, all with the manifest's trained dictionary.
 *
 * Written here because it is what a lookup spends its time on, and nothing on npm fits: `node:zlib`
 * in Deno takes no dictionary, `fzstd` has none, and `@bokuweb/zstd-wasm` reads the dictionary's
 * tables again on each call and cannot be loaded in workerd, where WebAssembly must come precompiled
 * and that package does not export its module. Tests compare this decoder with that package.
 * Source: RFC 8878 §3.1.1 (frames), §5 (dictionaries).
 */

import { IndexError } from "../../../src/errors.ts";
import { BackwardBits } from "./backward_bits.ts";
import { type FseTable, readFseTable, singleSymbolTable } from "./fse_table.ts";
import { readHuffmanTable } from "./huffman_table.ts";
import { u32, unsigned } from "./little_endian.ts";
import { type LiteralsEntropy, readLiterals } from "./literals.ts";
import { LITERALS_LENGTH, MATCH_LENGTH, OFFSET, type SequenceCode } from "./sequence_codes.ts";

const FRAME_MAGIC = 0xfd2fb528;
const DICTIONARY_MAGIC = 0xec30a437;

const bad = (what: string) => new IndexError(`A compressed location ${what}`);

/** What a block may take over from the block before it, or from the dictionary. */
interface Entropy extends LiteralsEntropy {
  literalsLength?: FseTable;
  offset?: FseTable;
  matchLength?: FseTable;
}

/** Decodes small frames against one dictionary, whose tables are read once. Not for sharing by threads. */
export class ZstdDictionary {
  readonly #id: number;
  readonly #content: number;
  readonly #entropy: Entropy = {};
  readonly #repeats: readonly number[] = [1, 4, 8];
  /** The dictionary's content, and behind it the output of the frame being decoded. */
  readonly #window: Uint8Array;
  readonly #literals: Uint8Array;

  /**
   * Reads the dictionary's tables.
   *
   * @param dictionary a trained dictionary, or (without its magic number) plain content
   * @param maxBytes what a frame may decode to
   * @throws IndexError
   */
  constructor(dictionary: Uint8Array, readonly maxBytes: number) {
    const end = dictionary.length;
    let at = 0;
    let id = 0;
    if (end >= 8 && u32(dictionary, 0) === DICTIONARY_MAGIC) {
      id = u32(dictionary, 4);
      const huffman = readHuffmanTable(dictionary, 8, end);
      const offset = readFseTable(dictionary, huffman.next, end, OFFSET.maxSymbol, OFFSET.maxLog);
      const match = readFseTable(
        dictionary,
        offset.next,
        end,
        MATCH_LENGTH.maxSymbol,
        MATCH_LENGTH.maxLog,
      );
      const literals = readFseTable(
        dictionary,
        match.next,
        end,
        LITERALS_LENGTH.maxSymbol,
        LITERALS_LENGTH.maxLog,
      );
      this.#entropy = {
        huffman: huffman.table,
        offset: offset.table,
        matchLength: match.table,
        literalsLength: literals.table,
      };
      at = literals.next + 12;
      if (at > end) throw new IndexError("The location dictionary is cut short");
      this.#repeats = [0, 4, 8].map((i) => u32(dictionary, literals.next + i));
      if (this.#repeats.some((repeat) => repeat === 0 || repeat > end - at)) {
        throw new IndexError("The location dictionary has a bad offset");
      }
    }
    this.#id = id;
    this.#content = end - at;
    this.#window = new Uint8Array(this.#content + maxBytes);
    this.#window.set(dictionary.subarray(at));
    this.#literals = new Uint8Array(maxBytes);
  }

  /** Bytes that this decoder holds. */
  get bytes(): number {
    return this.#window.length + this.#literals.length + 16_384;
  }

  /**
   * The bytes of one frame, valid until the next call.
   *
   * @throws IndexError
   */
  decode(frame: Uint8Array): Uint8Array {
    if (frame.length < 6 || u32(frame, 0) !== FRAME_MAGIC) throw bad("is not a Zstandard frame");
    const descriptor = frame[4];
    if ((descriptor & 0x08) !== 0) throw bad("sets a reserved bit");
    const singleSegment = (descriptor & 0x20) !== 0;
    let at = singleSegment ? 5 : 6;
    const idBytes = [0, 1, 2, 4][descriptor & 3];
    const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6];
    if (at + idBytes + sizeBytes > frame.length) throw bad("is cut short");
    const id = unsigned(frame, at, idBytes);
    if (id !== 0 && id !== this.#id) throw bad("was made with another dictionary");
    at += idBytes;
    const size = sizeBytes === 0
      ? undefined
      : unsigned(frame, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    at += sizeBytes;
    if (size !== undefined && size > this.maxBytes) throw bad(`is over ${this.maxBytes} bytes`);

    const entropy: Entropy = { ...this.#entropy };
    const repeats = [...this.#repeats];
    let out = this.#content;
    for (let last = false; !last;) {
      if (at + 3 > frame.length) throw bad("is cut short");
      const header = unsigned(frame, at, 3);
      last = (header & 1) !== 0;
      const type = (header >> 1) & 3;
      const length = header >> 3;
      at += 3;
      const stored = type === 1 ? 1 : length;
      if (type === 3) throw bad("has a block of a reserved type");
      if (at + stored > frame.length) throw bad("is cut short");
      if (type === 2) out = this.#block(frame, at, at + length, out, entropy, repeats);
      else {
        if (out + length > this.#window.length) throw bad(`is over ${this.maxBytes} bytes`);
        if (type === 1) this.#window.fill(frame[at], out, out + length);
        else this.#window.set(frame.subarray(at, at + length), out);
        out += length;
      }
      at += stored;
    }
    // A checksum of the content, where there is one, is not looked at.
    at += (descriptor & 0x04) !== 0 ? 4 : 0;
    if (at !== frame.length) throw bad("has a frame of another length");
    if (size !== undefined && size !== out - this.#content) {
      throw bad("has another size than it says");
    }
    return this.#window.subarray(this.#content, out);
  }

  /** Decodes a compressed block to `out`; returns the position behind what it gave. */
  #block(
    frame: Uint8Array,
    start: number,
    end: number,
    out: number,
    entropy: Entropy,
    repeats: number[],
  ): number {
    const literals = readLiterals(frame, start, end, entropy, this.#literals);
    const source = literals.source;
    let literal = literals.from;
    const literalsEnd = literals.from + literals.count;
    const window = this.#window;
    let at = literals.next;
    if (at >= end) throw bad("is cut short");
    let sequences = frame[at++];
    if (sequences >= 128) {
      const more = sequences === 255 ? 2 : 1;
      if (at + more > end) throw bad("is cut short");
      sequences = sequences === 255
        ? unsigned(frame, at, 2) + 0x7f00
        : ((sequences - 128) << 8) + frame[at];
      at += more;
    }
    if (sequences > 0) {
      if (at >= end) throw bad("is cut short");
      const modes = frame[at++];
      if ((modes & 3) !== 0) throw bad("sets a reserved bit");
      const table = (mode: number, kind: SequenceCode, before: FseTable | undefined): FseTable => {
        if (mode === 0) return kind.predefined;
        if (mode === 3) {
          if (!before) throw bad("repeats a table that does not exist");
          return before;
        }
        if (mode === 1) {
          if (at >= end || frame[at] > kind.maxSymbol) throw bad("has a bad code");
          return singleSymbolTable(frame[at++]);
        }
        const read = readFseTable(frame, at, end, kind.maxSymbol, kind.maxLog);
        at = read.next;
        return read.table;
      };
      const lengths = table(modes >> 6, LITERALS_LENGTH, entropy.literalsLength);
      const offsets = table((modes >> 4) & 3, OFFSET, entropy.offset);
      const matches = table((modes >> 2) & 3, MATCH_LENGTH, entropy.matchLength);
      entropy.literalsLength = lengths;
      entropy.offset = offsets;
      entropy.matchLength = matches;

      const bits = new BackwardBits(frame, at, end);
      let lengthState = bits.read(lengths.log);
      let offsetState = bits.read(offsets.log);
      let matchState = bits.read(matches.log);
      for (let i = 0; i < sequences; i++) {
        const offsetCode = offsets.symbols[offsetState];
        const matchCode = matches.symbols[matchState];
        const lengthCode = lengths.symbols[lengthState];
        // No match reaches further back than the window, whose offsets fit 25 bits.
        if (offsetCode > 25) throw bad("copies from before its dictionary");
        const offsetValue = (1 << offsetCode) + bits.read(offsetCode);
        const matchLength = MATCH_LENGTH.bases[matchCode] +
          bits.read(MATCH_LENGTH.extraBits[matchCode]);
        const literalLength = LITERALS_LENGTH.bases[lengthCode] +
          bits.read(LITERALS_LENGTH.extraBits[lengthCode]);
        if (i + 1 < sequences) {
          lengthState = lengths.bases[lengthState] + bits.read(lengths.bits[lengthState]);
          matchState = matches.bases[matchState] + bits.read(matches.bits[matchState]);
          offsetState = offsets.bases[offsetState] + bits.read(offsets.bits[offsetState]);
        }
        if (bits.left < 0) throw bad("is cut short");
        const offset = repeatedOffset(repeats, offsetValue, literalLength);
        if (literal + literalLength > literalsEnd) throw bad("uses more literals than it has");
        if (out + literalLength + matchLength > window.length) {
          throw bad(`is over ${this.maxBytes} bytes`);
        }
        for (let k = 0; k < literalLength; k++) window[out++] = source[literal++];
        if (offset > out) throw bad("copies from before its dictionary");
        for (let k = 0; k < matchLength; k++, out++) window[out] = window[out - offset];
      }
      if (bits.left !== 0) throw bad("has bits left over");
    } else if (at !== end) throw bad("has bytes left over");
    if (out + literalsEnd - literal > window.length) throw bad(`is over ${this.maxBytes} bytes`);
    while (literal < literalsEnd) window[out++] = source[literal++];
    return out;
  }
}

/** The offset that a sequence means; `repeats` are the three last ones, kept up to date. */
function repeatedOffset(repeats: number[], value: number, literalLength: number): number {
  if (value > 3) {
    repeats[2] = repeats[1];
    repeats[1] = repeats[0];
    return repeats[0] = value - 3;
  }
  const index = value - 1 + (literalLength === 0 ? 1 : 0);
  if (index === 0) return repeats[0];
  const offset = index === 3 ? repeats[0] - 1 : repeats[index];
  if (offset === 0) throw bad("copies from nowhere");
  if (index > 1) repeats[2] = repeats[1];
  repeats[1] = repeats[0];
  return repeats[0] = offset;
}
