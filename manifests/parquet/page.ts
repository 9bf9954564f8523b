/**
 * The data pages of a Parquet file: decompressed, with what is null in them.
 * Source: parquet-format `README.md`, "Data pages".
 */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { snappyUncompress } from "hyparquet";
import { decodeLz4Block } from "../../src/codecs/lz4.ts";
import { IndexError } from "../../src/errors.ts";
import { readHybrid } from "./hybrid_run.ts";
import { COMPRESSION, type PageHeader } from "./metadata.ts";

/** One data page, decompressed. */
export interface Page {
  /** Rows that are wanted of it, those that are null among them. */
  readonly rows: number;
  /** 1 where the row has a value; undefined if all have. */
  readonly present: Uint8Array | undefined;
  /** Values that are there in those rows. */
  readonly count: number;
  /** One of `ENCODING`. */
  readonly encoding: number;
  /** All of the page. */
  readonly bytes: Uint8Array;
  /** Where the values start in `bytes`. */
  readonly at: number;
}

/** Bytes of one page at most: what takes some hundredths of a second to decompress and read. */
const MAX_PAGE_BYTES = 2 ** 24;

/** Reads the pages of one file. */
export class PageReader {
  #present = new Uint8Array(0);
  /** Bytes that further pages may decompress to. */
  #budget: number;

  /** Reads nothing yet. @param maxBytes what all pages may decompress to */
  constructor(readonly maxBytes: number) {
    this.#budget = maxBytes;
  }

  /**
   * The first rows of the data page whose header and body these are; what it holds is good until the
   * next one is read.
   *
   * @param most rows that are wanted
   * @throws IndexError `index-too-large`, RangeError if it is malformed
   */
  read(
    body: Uint8Array,
    header: PageHeader,
    compression: number,
    isNullable: boolean,
    most: number,
  ): Page {
    const { encoding, pageBytes, repetitionBytes, definitionBytes } = header;
    const rows = Math.min(header.values, most);
    if (header.kind === "data") {
      const bytes = this.decompress(body, pageBytes, compression);
      const end = isNullable
        ? 4 + new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
        : 0;
      if (end > bytes.length) throw new RangeError("A page is cut off");
      const levels = isNullable ? this.#levels(bytes, 4, end, rows) : { count: rows };
      return { rows, present: undefined, ...levels, encoding, bytes, at: end };
    }
    const at = repetitionBytes + definitionBytes;
    if (!(repetitionBytes >= 0 && definitionBytes >= 0 && at <= body.length && at <= pageBytes)) {
      throw new RangeError("A page is cut off");
    }
    const levels = isNullable ? this.#levels(body, repetitionBytes, at, rows) : { count: rows };
    const packed = body.subarray(at);
    const bytes = this.decompress(
      packed,
      pageBytes - at,
      header.isCompressed ? compression : COMPRESSION.none,
    );
    return { rows, present: undefined, ...levels, encoding, bytes, at: 0 };
  }

  #levels(
    bytes: Uint8Array,
    at: number,
    end: number,
    rows: number,
  ): { present?: Uint8Array; count: number } {
    if (this.#present.length < rows) this.#present = new Uint8Array(rows);
    const present = this.#present.subarray(0, rows);
    readHybrid(bytes, at, end, 1, present);
    let count = 0;
    for (let i = 0; i < rows; i++) count += present[i];
    return count === rows ? { count } : { present, count };
  }

  /** A page's bytes, alone in their buffer, so that no broken length reads anything else. */
  decompress(body: Uint8Array, length: number, compression: number): Uint8Array {
    this.#budget -= length;
    if (length > MAX_PAGE_BYTES || this.#budget < 0) {
      const [what, limit] = length > MAX_PAGE_BYTES
        ? [`A Parquet page of ${length} bytes`, MAX_PAGE_BYTES]
        : ["What a Parquet partition decompresses to", this.maxBytes];
      throw new IndexError(
        `${what} is over the limit of ${limit} bytes; write the set again with a smaller record_size`,
        {},
        undefined,
        "index-too-large",
      );
    }
    if (length === 0) return new Uint8Array(0);
    const page = decompressed(body, length, compression);
    if (page.length !== length) throw new RangeError("A page is not as long as it claims");
    return page.buffer.byteLength <= page.byteLength + 1 ? page : page.slice();
  }
}

function decompressed(body: Uint8Array, length: number, compression: number): Uint8Array {
  // a buffer of one byte more takes the whole page at once, and shows if there is more
  const limited = { maxOutputLength: length, chunkSize: Math.max(length + 1, 64) };
  switch (compression) {
    case COMPRESSION.none:
      return body.slice();
    case COMPRESSION.snappy: {
      const page = new Uint8Array(length);
      snappyUncompress(body, page);
      return page;
    }
    case COMPRESSION.gzip:
      return gunzipSync(body, limited);
    case COMPRESSION.brotli:
      return brotliDecompressSync(body, limited);
    case COMPRESSION.zstd:
      return zstdDecompressSync(body, limited);
    case COMPRESSION.lz4Raw: {
      const page = new Uint8Array(length);
      decodeLz4Block(body, page);
      return page;
    }
  }
  throw new RangeError(`Parquet's compression ${compression} is not read`);
}

/**
 * Frees the buffer of bytes that nobody else holds: hundreds of partitions and their pages would wait
 * for the collector otherwise, each of up to a megabyte.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength <= byteLength + 1) buffer.transfer(0);
}
