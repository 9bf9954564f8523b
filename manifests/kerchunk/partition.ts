/** One `refs.N.parq` of a kerchunk Parquet set, packed. Source: fsspec `LazyReferenceMapper`. */

import { IndexError } from "../../src/errors.ts";
import {
  ABSENT_ID,
  FIRST_URL_ID,
  INLINE_ID,
  UNUSABLE_ID,
} from "../references/packed_references.ts";
import { ParquetFile } from "../parquet/file.ts";
import { release } from "../parquet/page.ts";
import { ReferencePacker } from "../references/reference_packer.ts";
import { ReferenceTable } from "../references/reference_table.ts";
import { type TextList, TextTable } from "../references/text_table.ts";

/** The references of some consecutive chunks of one array. */
export interface Partition {
  /** One row a chunk, in C order from the partition's first. */
  readonly references: ReferenceTable;
  /** Reference texts by number, as they are in the file. */
  readonly urls: TextList;
  /** What inline rows' offsets and lengths lead into. */
  readonly inline: Uint8Array;
  /** Bytes that all of it holds. */
  readonly heldBytes: number;
}

/** Rows of a partition at most; kerchunk writes 100,000. */
const MAX_ROWS = 2 ** 22;
/** Rows packed between two pauses of the work. */
const ROWS_AT_ONCE = 1024;
/** While a partition is read, each of its rows takes so many bytes. */
const TRANSIENT_ROW_BYTES = 20;
/** What is held while reading may be this many times what may be kept. */
const TRANSIENT_FACTOR = 4;

/** What an entry of the cache weighs besides what it holds, at most. */
const CACHE_ENTRY_BYTES = 512;

const BASE64 = new TextEncoder().encode("base64:");
const decoder = new TextDecoder();

/** Reads partitions one at a time; the columns in between are kept for the next. */
export class PartitionReader {
  #ids = new Uint32Array(0);
  #offsets = new Float64Array(0);
  #lengths = new Float64Array(0);
  readonly #packer = new ReferencePacker();

  /** Nothing is read yet. @param maxBytes what a partition may hold */
  constructor(readonly maxBytes: number) {}

  /**
   * Packs the first rows of a partition.
   *
   * In this order: `raw` not null is the bytes themselves; `path` null is an absent chunk, with an
   * offset or a size an unusable one; offset and size both 0 or both null is the whole file; size 0 is an
   * absent chunk; else the range.
   *
   * @param bytes the whole file, which is given up: its buffer is freed
   * @param most rows that can be asked for
   * @returns work to be done to its end before the next one's begins
   * @throws IndexError
   */
  *read(bytes: Uint8Array, most: number): Generator<void, Partition> {
    const file = new ParquetFile(bytes, this.maxBytes * TRANSIENT_FACTOR);
    const rows = Math.min(file.rows, most);
    if (rows > MAX_ROWS) {
      throw new IndexError(
        `A partition of the kerchunk Parquet set has ${rows} rows; this server reads at most ` +
          `${MAX_ROWS}. Write the set again with a smaller record_size`,
        {},
        undefined,
        "index-too-large",
      );
    }
    if (rows * TRANSIENT_ROW_BYTES > this.maxBytes * TRANSIENT_FACTOR) {
      throw tooLarge(this.maxBytes);
    }
    this.#reserve(rows);
    const urls = new TextTable();
    const ids = this.#ids.subarray(0, rows).fill(ABSENT_ID);
    const offsets = this.#offsets.subarray(0, rows).fill(0);
    const lengths = this.#lengths.subarray(0, rows).fill(0);
    if (file.has("offset")) yield* file.readNumbers("offset", offsets);
    if (file.has("size")) yield* file.readNumbers("size", lengths);
    if (file.has("path")) yield* readPaths(file, ids, urls);
    yield;
    checkRanges(ids, offsets, lengths);
    const inline = file.has("raw")
      ? yield* readInline(file, ids, offsets, lengths, this.maxBytes)
      : new Uint8Array(0);
    release(bytes);
    this.#packer.clear();
    for (let row = 0; row < rows; row++) {
      this.#packer.push(ids[row], offsets[row], lengths[row]);
      if (row % ROWS_AT_ONCE === 0) yield;
    }
    const references = new ReferenceTable(this.#packer.finish());
    urls.list.trim();
    const heldBytes = references.heldBytes + urls.list.heldBytes + inline.byteLength + 512;
    // what the cache does not keep would be read again for every chunk
    if (heldBytes + CACHE_ENTRY_BYTES > this.maxBytes) throw tooLarge(this.maxBytes);
    return { references, urls: urls.list, inline, heldBytes };
  }

  #reserve(rows: number): void {
    if (this.#ids.length >= rows) return;
    this.#ids = new Uint32Array(rows);
    this.#offsets = new Float64Array(rows);
    this.#lengths = new Float64Array(rows);
  }
}

function* readPaths(file: ParquetFile, ids: Uint32Array, urls: TextTable): Generator<void, void> {
  yield* file.readBytes("path", ids.length, (row, bytes, start, end) => {
    ids[row] = start === end ? ABSENT_ID : FIRST_URL_ID + urls.add(bytes, start, end);
  });
}

function checkRanges(ids: Uint32Array, offsets: Float64Array, lengths: Float64Array): void {
  for (let row = 0; row < ids.length; row++) {
    const [offset, length] = [offsets[row], lengths[row]];
    if (ids[row] === ABSENT_ID) {
      // neither a number other than 0 nor one that cannot be told exactly
      if (!isNaN(offset) && offset !== 0 || !isNaN(length) && length !== 0) ids[row] = UNUSABLE_ID;
      offsets[row] = lengths[row] = 0;
      continue;
    }
    if (isNaN(offset) && isNaN(length)) {
      offsets[row] = lengths[row] = 0;
      continue;
    }
    const isExact = Number.isSafeInteger(offset) && Number.isSafeInteger(length) &&
      offset >= 0 && length >= 0 && Number.isSafeInteger(offset + length);
    if (!isExact) {
      throw new IndexError(
        `Row ${row} of a Parquet partition is invalid: its offset or size is not an exact number of bytes`,
        { row },
      );
    }
    // a whole file has neither; no bytes of a place are no chunk
    if (length === 0 && offset !== 0) ids[row] = ABSENT_ID;
  }
}

function* readInline(
  file: ParquetFile,
  ids: Uint32Array,
  offsets: Float64Array,
  lengths: Float64Array,
  maxBytes: number,
): Generator<void, Uint8Array> {
  let inline = new Uint8Array(256);
  let used = 0;
  yield* file.readBytes("raw", ids.length, (row, stored, start, end) => {
    const bytes = decodeRaw(stored.subarray(start, end), row);
    if (used + bytes.length > maxBytes) throw tooLarge(maxBytes);
    if (used + bytes.length > inline.length) {
      const grown = new Uint8Array(Math.max(inline.length * 2, used + bytes.length));
      grown.set(inline.subarray(0, used));
      inline = grown;
    }
    inline.set(bytes, used);
    ids[row] = INLINE_ID;
    offsets[row] = used;
    lengths[row] = bytes.length;
    used += bytes.length;
  });
  return inline.slice(0, used);
}

/** fsspec decodes a `base64:` text here, too, though its writer leaves none. */
function decodeRaw(bytes: Uint8Array, row: number): Uint8Array {
  if (!BASE64.every((byte, i) => bytes[i] === byte)) return bytes;
  try {
    return Uint8Array.fromBase64(decoder.decode(bytes.subarray(BASE64.length)));
  } catch (cause) {
    throw new IndexError(`Row ${row} of a Parquet partition has broken base64`, { row }, cause);
  }
}

function tooLarge(maxBytes: number): IndexError {
  return new IndexError(
    `A partition of the kerchunk Parquet set needs more than the ${
      Math.floor(maxBytes / 2 ** 20)
    } MiB ` + "that this server holds; write the set again with a smaller record_size",
    { maxBytes },
    undefined,
    "index-too-large",
  );
}
