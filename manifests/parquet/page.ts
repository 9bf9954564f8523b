/**
 * The data pages of a Parquet file: decompressed, with what is null in them.
 * Source: parquet-format `README.md`, "Data pages".
 */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { decompressPage } from "hyparquet/src/datapage.js";
import { IndexError } from "../../src/errors.ts";
import { readHybrid } from "./hybrid_run.ts";
import { viewOf } from "./values.ts";

/** One data page, decompressed. */
export interface Page {
  /** Rows, those that are null among them. */
  readonly rows: number;
  /** 1 where the row has a value; undefined if all have. */
  readonly present: Uint8Array | undefined;
  /** Values that are there. */
  readonly count: number;
  /** Parquet's name of how the values are written. */
  readonly encoding: string;
  /** All of the page. */
  readonly bytes: Uint8Array;
  /** Where the values start in `bytes`. */
  readonly at: number;
}

/** Parquet's names of compressions. */
export type Compression =
  | "UNCOMPRESSED"
  | "SNAPPY"
  | "GZIP"
  | "LZO"
  | "BROTLI"
  | "LZ4"
  | "ZSTD"
  | "LZ4_RAW";

/** What counts of a page's header, under the names that the format and hyparquet have for it. */
export interface PageHead {
  /** Bytes of the page once it is decompressed, levels included. */
  readonly uncompressed_page_size: number;
  /** Of a data page of version 1. */
  readonly data_page_header?: { readonly num_values: number; readonly encoding: string };
  /** Of a data page of version 2: its levels come first, and are not compressed. */
  readonly data_page_header_v2?: {
    readonly num_values: number;
    readonly encoding: string;
    readonly repetition_levels_byte_length: number;
    readonly definition_levels_byte_length: number;
    readonly is_compressed?: boolean;
  };
}

/** Room that the pages of many files are decoded in, one page at a time. */
export class PageScratch {
  #present = new Uint8Array(0);
  #indices = new Uint32Array(0);

  /** Room for a flag a row, good until the next call. */
  present(rows: number): Uint8Array {
    if (this.#present.length < rows) this.#present = new Uint8Array(rows);
    return this.#present.subarray(0, rows);
  }

  /** Room for `count` dictionary indices, good until the next call. */
  indices(count: number): Uint32Array {
    if (this.#indices.length < count) this.#indices = new Uint32Array(count);
    return this.#indices.subarray(0, count);
  }
}

/** Reads the pages of one file. */
export class PageReader {
  /**
   * Reads nothing yet.
   *
   * @param rows that the file has; no page has more
   * @param maxPageBytes what one page may decompress to
   */
  constructor(
    readonly rows: number,
    readonly maxPageBytes: number,
    readonly scratch: PageScratch,
  ) {}

  /**
   * The page whose header and body these are; undefined if it is none of data.
   *
   * @throws IndexError `index-too-large`, RangeError if it is malformed
   */
  read(
    body: Uint8Array,
    header: PageHead,
    codec: Compression,
    isNullable: boolean,
  ): Page | undefined {
    const { data_page_header: v1, data_page_header_v2: v2 } = header;
    if (v1) {
      const bytes = this.decompress(body, header.uncompressed_page_size, codec);
      const rows = this.#checkedRows(v1.num_values);
      const end = isNullable ? 4 + viewOf(bytes).getUint32(0, true) : 0;
      if (end > bytes.length) throw new RangeError("A page is cut off");
      const levels = isNullable ? this.#levels(bytes, 4, end, rows) : { count: rows };
      return { rows, present: undefined, ...levels, encoding: v1.encoding, bytes, at: end };
    }
    if (!v2) return undefined;
    const rows = this.#checkedRows(v2.num_values);
    const levelsAt = v2.repetition_levels_byte_length;
    const at = levelsAt + v2.definition_levels_byte_length;
    if (!(levelsAt >= 0 && at >= levelsAt && at <= body.length)) {
      throw new RangeError("A page is cut off");
    }
    const levels = isNullable ? this.#levels(body, levelsAt, at, rows) : { count: rows };
    const packed = body.subarray(at);
    const bytes = v2.is_compressed === false
      ? packed.slice()
      : this.decompress(packed, header.uncompressed_page_size - at, codec);
    return { rows, present: undefined, ...levels, encoding: v2.encoding, bytes, at: 0 };
  }

  #checkedRows(rows: number): number {
    if (rows >= 0 && rows <= this.rows) return rows;
    throw new RangeError(`A page claims ${rows} of ${this.rows} rows`);
  }

  #levels(
    bytes: Uint8Array,
    at: number,
    end: number,
    rows: number,
  ): { present?: Uint8Array; count: number } {
    const present = this.scratch.present(rows);
    readHybrid(bytes, at, end, 1, present);
    let count = 0;
    for (let i = 0; i < rows; i++) count += present[i];
    return count === rows ? { count } : { present, count };
  }

  /** The dictionary indices of a page's values; undefined if it has the values themselves. */
  indices({ encoding, bytes, at, count }: Page): Uint32Array | undefined {
    if (encoding !== "RLE_DICTIONARY" && encoding !== "PLAIN_DICTIONARY") return undefined;
    const indices = this.scratch.indices(count);
    const bits = bytes[at];
    if (!(bits <= 32)) throw new RangeError(`A page has indices of ${bits} bits`);
    if (bits === 0) indices.fill(0);
    else readHybrid(bytes, at + 1, bytes.length, bits, indices);
    return indices;
  }

  /** A page's bytes, alone in their buffer, so that no broken length reads anything else. */
  decompress(body: Uint8Array, length: number, codec: Compression): Uint8Array {
    if (length > this.maxPageBytes) {
      throw new IndexError(
        `A Parquet page of ${length} bytes is over the ${this.maxPageBytes} that are held`,
        {},
        undefined,
        "index-too-large",
      );
    }
    if (length === 0) return new Uint8Array(0);
    const page = decompressPage(body, length, codec, DECOMPRESSORS);
    return page.buffer.byteLength <= page.byteLength + 1 ? page : page.slice();
  }
}

/** A buffer of one byte more takes the whole page at once, and shows if there is more. */
const limited = (length: number) => ({
  maxOutputLength: length,
  chunkSize: Math.max(length + 1, 64),
});
const DECOMPRESSORS = {
  ZSTD: (bytes: Uint8Array, length: number) => zstdDecompressSync(bytes, limited(length)),
  GZIP: (bytes: Uint8Array, length: number) => gunzipSync(bytes, limited(length)),
  BROTLI: (bytes: Uint8Array, length: number) => brotliDecompressSync(bytes, limited(length)),
};

/**
 * Frees the buffer of bytes that nobody else holds: hundreds of partitions and their pages would wait
 * for the collector otherwise, each of up to a megabyte.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength <= byteLength + 1) buffer.transfer(0);
}
