/**
 * The columns of a Parquet file that is in memory, page by page. hyparquet reads the footer and the page
 * headers; the values are taken from the pages here, because a partition of references is 100,000 rows
 * of 64-bit integers and few texts: as typed columns they take a third of the time, make no BigInt and
 * no string a row, and no malformed run can ask for more memory than the rows need.
 * Source: parquet-format `README.md` (data pages) and `Encodings.md`.
 */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ColumnMetaData, FileMetaData, PageHeader, SchemaElement } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { readPlain } from "hyparquet/src/plain.js";
import { IndexError } from "../../src/errors.ts";
import { readHybrid } from "./hybrid_run.ts";

/** The values of one page. */
interface Page {
  readonly rows: number;
  /** 1 where the row has a value; undefined if all have. */
  readonly present?: Uint32Array;
  /** Values that are there. */
  readonly count: number;
  /** Dictionary indices, or the values themselves. */
  readonly indices?: Uint32Array;
  readonly values?: Values;
}

type Values = ReturnType<typeof readPlain>;

interface Column {
  readonly element: SchemaElement;
  readonly chunks: readonly ColumnMetaData[];
}

/** A Parquet file of flat columns. Everything is decoded when asked for, and nothing kept. */
export class ParquetFile {
  readonly rows: number;
  readonly #bytes: Uint8Array;
  readonly #columns = new Map<string, Column>();

  /**
   * @param bytes the whole file
   * @param maxPageBytes what one page may decompress to
   * @throws IndexError
   */
  constructor(bytes: Uint8Array, readonly maxPageBytes: number) {
    this.#bytes = bytes;
    const metadata = attempt("footer", () => parquetMetadata(bytes, { geoparquet: false }));
    this.rows = Number(metadata.num_rows);
    if (!Number.isSafeInteger(this.rows) || this.rows < 0) throw broken("footer");
    for (const element of topLevel(metadata)) {
      const chunks = metadata.row_groups.map(({ columns }) =>
        columns.find(({ meta_data }) => {
          const path = meta_data?.path_in_schema;
          return path?.length === 1 && path[0] === element.name;
        })?.meta_data
      );
      if (chunks.every((chunk) => chunk !== undefined)) {
        this.#columns.set(element.name, { element, chunks });
      }
    }
  }

  /** True if there is a flat column of that name. */
  has(name: string): boolean {
    return this.#columns.has(name);
  }

  /**
   * Reads a column of numbers; NaN for nulls and for integers that a double cannot tell exactly.
   *
   * @param into as many rows as are wanted
   * @throws IndexError
   */
  readNumbers(name: string, into: Float64Array): void {
    const column = this.#column(name);
    const isUnsigned = /^UINT_/.test(column.element.converted_type ?? "");
    this.#read(column, into.length, (page, dictionary, from) => {
      const values = numbers(page.indices ? dictionary : page.values, isUnsigned);
      let at = 0;
      for (let i = 0; i < page.rows && from + i < into.length; i++) {
        const isPresent = page.present === undefined || page.present[i] === 1;
        into[from + i] = isPresent ? values(page.indices ? page.indices[at] : at) : NaN;
        if (isPresent) at++;
      }
    });
  }

  /**
   * Visits the rows of a column of bytes or text that are not null. The same entry of a page's
   * dictionary is the same object.
   *
   * @throws IndexError, also where a column of another type has a value
   */
  readBytes(name: string, rows: number, visit: (row: number, bytes: Uint8Array) => void): void {
    this.#read(this.#column(name), rows, (page, dictionary, from) => {
      const values = page.indices ? dictionary : page.values;
      let at = 0;
      for (let i = 0; i < page.rows && from + i < rows; i++) {
        if (page.present !== undefined && page.present[i] === 0) continue;
        const value = values?.[page.indices ? page.indices[at] : at];
        if (!(value instanceof Uint8Array)) throw broken(`column "${name}"`);
        visit(from + i, value);
        at++;
      }
    });
  }

  #column(name: string): Column {
    const column = this.#columns.get(name);
    if (!column) throw broken(`column "${name}"`);
    return column;
  }

  /** Takes the pages of a column until `rows` are read. */
  #read(
    { element, chunks }: Column,
    rows: number,
    take: (page: Page, dictionary: Values | undefined, from: number) => void,
  ): void {
    attempt(`column "${element.name}"`, () => {
      let row = 0;
      for (const chunk of chunks) {
        let dictionary: Values | undefined;
        let left = Number(chunk.num_values);
        const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
        const first = Math.min(start, Number(chunk.data_page_offset));
        const reader = { view: viewOf(this.#bytes), offset: first };
        while (left > 0 && row < rows) {
          const header = parquetHeader(reader);
          if (!(header.compressed_page_size >= 0)) throw new RangeError("A page has no size");
          const body = this.#bytes.subarray(
            reader.offset,
            reader.offset += header.compressed_page_size,
          );
          if (header.type === "DICTIONARY_PAGE" && header.dictionary_page_header) {
            const bytes = this.#decompress(body, header.uncompressed_page_size, chunk);
            dictionary = plain(bytes, chunk, header.dictionary_page_header.num_values, element);
          } else {
            const page = this.#page(body, header, chunk, element);
            if (!page) continue;
            take(page, dictionary, row);
            row += page.rows;
            left -= page.rows;
          }
        }
      }
    });
  }

  #page(
    body: Uint8Array,
    header: PageHeader,
    chunk: ColumnMetaData,
    element: SchemaElement,
  ): Page | undefined {
    const isNullable = element.repetition_type === "OPTIONAL";
    const { data_page_header: v1, data_page_header_v2: v2 } = header;
    if (v1) {
      const bytes = this.#decompress(body, header.uncompressed_page_size, chunk);
      const rows = checkedRows(v1.num_values, this.rows);
      if (!isNullable) return pageOf(bytes, 0, rows, undefined, v1.encoding, chunk, element);
      const levels = viewOf(bytes).getUint32(0, true);
      const present = new Uint32Array(rows);
      readHybrid(bytes, 4, Math.min(4 + levels, bytes.length), 1, present);
      return pageOf(bytes, 4 + levels, rows, present, v1.encoding, chunk, element);
    }
    if (!v2) return undefined;
    const rows = checkedRows(v2.num_values, this.rows);
    const skipped = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
    let present: Uint32Array | undefined;
    if (isNullable) {
      present = new Uint32Array(rows);
      readHybrid(body, v2.repetition_levels_byte_length, skipped, 1, present);
    }
    const packed = body.subarray(skipped);
    const bytes = v2.is_compressed === false
      ? packed.slice()
      : this.#decompress(packed, header.uncompressed_page_size - skipped, chunk);
    return pageOf(bytes, 0, rows, present, v2.encoding, chunk, element);
  }

  /** A page's bytes in a buffer of their own, so that no broken length reads anything else. */
  #decompress(body: Uint8Array, length: number, { codec }: ColumnMetaData): Uint8Array {
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
    return page.byteLength === page.buffer.byteLength ? page : page.slice();
  }
}

const limited = (maxOutputLength: number) => ({ maxOutputLength });
const DECOMPRESSORS = {
  ZSTD: (bytes: Uint8Array, length: number) => zstdDecompressSync(bytes, limited(length)),
  GZIP: (bytes: Uint8Array, length: number) => gunzipSync(bytes, limited(length)),
  BROTLI: (bytes: Uint8Array, length: number) => brotliDecompressSync(bytes, limited(length)),
};

/** The elements directly below the root. */
function topLevel({ schema }: FileMetaData): SchemaElement[] {
  const found: SchemaElement[] = [];
  for (let i = 1, open = 0; i < schema.length; i++) {
    const children = schema[i].num_children ?? 0;
    if (open === 0 && children === 0 && schema[i].repetition_type !== "REPEATED") {
      found.push(schema[i]);
    }
    // how many elements until the next one directly below the root
    open = Math.max(0, open - 1) + children;
  }
  return found;
}

function checkedRows(rows: number, most: number): number {
  if (rows >= 0 && rows <= most) return rows;
  throw new RangeError(`A Parquet page claims ${rows} of ${most} rows`);
}

function pageOf(
  bytes: Uint8Array,
  at: number,
  rows: number,
  present: Uint32Array | undefined,
  encoding: string,
  chunk: ColumnMetaData,
  element: SchemaElement,
): Page {
  const count = present ? present.reduce((sum, is) => sum + is, 0) : rows;
  if (count === 0) return { rows, present, count };
  if (encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY") {
    const indices = new Uint32Array(count);
    const bits = bytes[at];
    if (bits > 32) throw new RangeError(`A Parquet page has indices of ${bits} bits`);
    if (bits > 0) readHybrid(bytes, at + 1, bytes.length, bits, indices);
    return { rows, present, count, indices };
  }
  if (encoding === "DELTA_BINARY_PACKED") {
    const values = chunk.type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
    deltaBinaryUnpack({ view: viewOf(bytes), offset: at }, count, values);
    return { rows, present, count, values };
  }
  if (encoding !== "PLAIN") throw new RangeError(`Parquet's encoding ${encoding} is not read`);
  return { rows, present, count, values: plain(bytes.subarray(at), chunk, count, element) };
}

function plain(
  bytes: Uint8Array,
  { type }: ColumnMetaData,
  count: number,
  element: SchemaElement,
): Values {
  if (type === "BYTE_ARRAY" && count * 4 > bytes.length) {
    throw new RangeError("A Parquet page has fewer values than it claims");
  }
  return readPlain({ view: viewOf(bytes), offset: 0 }, type, count, element.type_length);
}

/** Reads integers of any physical type as numbers: NaN beyond ±2⁵³. */
function numbers(values: Values | undefined, isUnsigned: boolean): (at: number) => number {
  if (values instanceof BigInt64Array) {
    // as halves, which makes no BigInt
    const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    return (at) => {
      const high = halves[at * 2 + 1];
      if (high >= 2 ** 21) return high >= 2 ** 31 && !isUnsigned ? -1 : NaN;
      return high * 2 ** 32 + halves[at * 2];
    };
  }
  if (values instanceof Int32Array) {
    const all = isUnsigned
      ? new Uint32Array(values.buffer, values.byteOffset, values.length)
      : values;
    return (at) => all[at] ?? NaN;
  }
  if (values instanceof Float64Array || values instanceof Float32Array) {
    return (at) => values[at] ?? NaN;
  }
  return () => NaN;
}

function viewOf(bytes: Uint8Array): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    throw fault instanceof IndexError ? fault : broken(what, fault);
  }
}

function broken(what: string, cause?: unknown): IndexError {
  return new IndexError(`Cannot read the ${what} of a Parquet partition`, {}, cause);
}
