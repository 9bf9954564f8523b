/**
 * The columns of a Parquet file that is in memory, page by page. hyparquet reads the footer and the page
 * headers; the values are taken from the pages here, because a partition of references is 100,000 rows
 * of 64-bit integers and few texts: as typed columns they take a fifth of the time, make no BigInt and
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

/** One data page, decompressed. */
interface Page {
  readonly rows: number;
  /** 1 where the row has a value; undefined if all have. */
  readonly present: Uint8Array | undefined;
  /** Values that are there. */
  readonly count: number;
  readonly encoding: string;
  readonly bytes: Uint8Array;
  /** Where the values start in `bytes`. */
  readonly at: number;
}

interface Column {
  readonly element: SchemaElement;
  readonly chunks: readonly ColumnMetaData[];
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

/** A Parquet file of flat columns. Everything is decoded when asked for, and nothing kept. */
export class ParquetFile {
  /** Rows of all row groups. */
  readonly rows: number;
  readonly #bytes: Uint8Array;
  readonly #columns = new Map<string, Column>();

  /**
   * Reads the footer.
   *
   * @param bytes the whole file
   * @param maxPageBytes what one page may decompress to
   * @throws IndexError
   */
  constructor(bytes: Uint8Array, readonly maxPageBytes: number, readonly scratch: PageScratch) {
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
    const { type } = column.chunks[0] ?? {};
    const isUnsigned = /^UINT_/.test(column.element.converted_type ?? "");
    let known: { bytes: Uint8Array; values: Float64Array } | undefined;
    const last = this.#read(column, into.length, (page, chunk, dictionary, row, stop) => {
      if (page.encoding === "PLAIN" && page.present === undefined) {
        copyNumbers(page.bytes, page.at, type, isUnsigned, into.subarray(row, row + stop));
        return;
      }
      const indices = this.#indices(page);
      if (indices && dictionary && known?.bytes !== dictionary) {
        const values = new Float64Array(Math.floor(dictionary.length / sizeOf(type)));
        copyNumbers(dictionary, 0, type, isUnsigned, values);
        known = { bytes: dictionary, values };
      }
      const values = indices ? known?.values : plainNumbers(page, chunk, isUnsigned);
      if (!values) throw new RangeError("A page has no dictionary");
      for (let i = 0, at = 0; i < stop; i++) {
        const isPresent = page.present === undefined || page.present[i] === 1;
        into[row + i] = isPresent ? values[indices ? indices[at] : at] : NaN;
        if (isPresent) at++;
      }
    }, release);
    into.fill(NaN, last);
  }

  /**
   * Visits the rows of a column of bytes or text that are not null. The same entry of a page's
   * dictionary is the same object.
   *
   * @throws IndexError, also where a column of another type has a value
   */
  readBytes(name: string, rows: number, visit: (row: number, bytes: Uint8Array) => void): void {
    const { element, chunks } = this.#column(name);
    let known: { bytes: Uint8Array; values: Uint8Array[] } | undefined;
    // values are views of their page, which so must stay: nothing is released
    this.#read({ element, chunks }, rows, (page, chunk, dictionary, row, stop) => {
      if (page.count === 0) return;
      const indices = this.#indices(page);
      if (indices && dictionary && known?.bytes !== dictionary) {
        known = { bytes: dictionary, values: texts(dictionary, chunk, undefined, element) };
      }
      if (!indices && page.encoding !== "PLAIN") throw unread(page.encoding);
      const values = indices
        ? known?.values
        : texts(page.bytes.subarray(page.at), chunk, page.count, element);
      for (let i = 0, at = 0; i < stop; i++) {
        if (page.present !== undefined && page.present[i] === 0) continue;
        const value = values?.[indices ? indices[at] : at];
        if (value === undefined) throw new RangeError("A page refers to what is not in it");
        visit(row + i, value);
        at++;
      }
    });
  }

  #column(name: string): Column {
    const column = this.#columns.get(name);
    if (!column) throw broken(`column "${name}"`);
    return column;
  }

  /**
   * Goes through the pages of a column until `rows` are read; returns how many there were.
   *
   * @param take is called with each page, the row that it starts with, and how many of its rows count
   * @param done is called with the bytes of a page that will not be looked at again
   */
  #read(
    { element, chunks }: Column,
    rows: number,
    take: (
      page: Page,
      chunk: ColumnMetaData,
      dictionary: Uint8Array | undefined,
      row: number,
      stop: number,
    ) => void,
    done?: (bytes: Uint8Array) => void,
  ): number {
    return attempt(`column "${element.name}"`, () => {
      let row = 0;
      for (const chunk of chunks) {
        let dictionary: Uint8Array | undefined;
        let left = Number(chunk.num_values);
        const first = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
        const reader = {
          view: viewOf(this.#bytes),
          offset: Math.min(first, Number(chunk.data_page_offset)),
        };
        while (left > 0 && row < rows) {
          const header = parquetHeader(reader);
          if (!(header.compressed_page_size >= 0)) throw new RangeError("A page has no size");
          const end = reader.offset + header.compressed_page_size;
          if (end > this.#bytes.length) throw new RangeError("A page is cut off");
          const body = this.#bytes.subarray(reader.offset, end);
          reader.offset = end;
          if (header.type === "DICTIONARY_PAGE") {
            dictionary = this.#decompress(body, header.uncompressed_page_size, chunk);
            continue;
          }
          const page = this.#page(body, header, chunk, element);
          if (!page) continue;
          take(page, chunk, dictionary, row, Math.min(page.rows, rows - row));
          row += page.rows;
          left -= page.rows;
          done?.(page.bytes);
        }
        if (dictionary) done?.(dictionary);
      }
      return Math.min(row, rows);
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
      : this.#decompress(packed, header.uncompressed_page_size - at, chunk);
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
  #indices({ encoding, bytes, at, count }: Page): Uint32Array | undefined {
    if (encoding !== "RLE_DICTIONARY" && encoding !== "PLAIN_DICTIONARY") return undefined;
    const indices = this.scratch.indices(count);
    const bits = bytes[at];
    if (!(bits <= 32)) throw new RangeError(`A page has indices of ${bits} bits`);
    if (bits === 0) indices.fill(0);
    else readHybrid(bytes, at + 1, bytes.length, bits, indices);
    return indices;
  }

  /** A page's bytes, alone in their buffer, so that no broken length reads anything else. */
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

/** The byte arrays of a page; all that there are if `count` is undefined. */
function texts(
  bytes: Uint8Array,
  { type }: ColumnMetaData,
  count: number | undefined,
  element: SchemaElement,
): Uint8Array[] {
  if (type !== "BYTE_ARRAY") throw new RangeError(`A text is of type ${type}`);
  const view = viewOf(bytes);
  let values = count;
  if (values === undefined) {
    values = 0;
    for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at, true)) values++;
  }
  if (values * 4 > bytes.length) throw new RangeError("A page has fewer values than it claims");
  return readPlain({ view, offset: 0 }, type, values, element.type_length) as Uint8Array[];
}

/** The values of a page that has no dictionary. */
function plainNumbers(page: Page, { type }: ColumnMetaData, isUnsigned: boolean): Float64Array {
  const values = new Float64Array(page.count);
  if (page.encoding === "PLAIN") {
    copyNumbers(page.bytes, page.at, type, isUnsigned, values);
    return values;
  }
  if (page.encoding !== "DELTA_BINARY_PACKED") throw unread(page.encoding);
  const reader = { view: viewOf(page.bytes), offset: page.at };
  const unpacked = type === "INT32" ? new Int32Array(page.count) : new BigInt64Array(page.count);
  deltaBinaryUnpack(reader, page.count, unpacked);
  copyNumbers(new Uint8Array(unpacked.buffer), 0, type, isUnsigned, values);
  return values;
}

function sizeOf(type: string | undefined): number {
  return type === "INT64" || type === "DOUBLE" ? 8 : 4;
}

/** Reads numbers that lie one behind the other from `at`; integers beyond ±2⁵³ as NaN. */
function copyNumbers(
  bytes: Uint8Array,
  at: number,
  type: string | undefined,
  isUnsigned: boolean,
  into: Float64Array,
): void {
  const view = viewOf(bytes);
  if (at + into.length * sizeOf(type) > bytes.length) throw new RangeError("A page is cut off");
  if (type === "INT64") {
    // as halves, which makes no BigInt; the sign of an unsigned one is too large anyhow
    for (let i = 0; i < into.length; i++, at += 8) {
      const high = view.getInt32(at + 4, true);
      const value = high * 2 ** 32 + view.getUint32(at, true);
      into[i] = high >= 0 ? (high < 2 ** 21 ? value : NaN) : isUnsigned ? NaN : value;
    }
  } else if (type === "INT32") {
    for (let i = 0; i < into.length; i++, at += 4) {
      into[i] = isUnsigned ? view.getUint32(at, true) : view.getInt32(at, true);
    }
  } else if (type === "DOUBLE") {
    for (let i = 0; i < into.length; i++, at += 8) into[i] = view.getFloat64(at, true);
  } else if (type === "FLOAT") {
    for (let i = 0; i < into.length; i++, at += 4) into[i] = view.getFloat32(at, true);
  } else {
    throw new RangeError(`A number is of type ${type}`);
  }
}

function viewOf(bytes: Uint8Array): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

function unread(encoding: string): RangeError {
  return new RangeError(`Parquet's encoding ${encoding} is not read`);
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
