/**
 * The columns of a Parquet file that is in memory, page by page. hyparquet reads the footer and the page
 * headers; the values are taken from the pages here, because a partition of references is 100,000 rows
 * of 64-bit integers and few texts: as typed columns they take a fifth of the time, make no BigInt and
 * no string a row, and no malformed run can ask for more memory than the rows need.
 * Source: parquet-format `README.md` (data pages) and `Encodings.md`.
 */

import type { ColumnMetaData, FileMetaData, SchemaElement } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { parquetMetadata } from "hyparquet/src/metadata.js";
import { IndexError } from "../../src/errors.ts";
import { type Page, PageReader, type PageScratch, release } from "./page.ts";
import { byteArrays, copyNumbers, plainNumbers, sizeOf, unread, viewOf } from "./values.ts";

interface Column {
  readonly element: SchemaElement;
  readonly chunks: readonly ColumnMetaData[];
}

/** A Parquet file of flat columns. Everything is decoded when asked for, and nothing kept. */
export class ParquetFile {
  /** Rows of all row groups. */
  readonly rows: number;
  readonly #bytes: Uint8Array;
  readonly #pages: PageReader;
  readonly #columns = new Map<string, Column>();

  /**
   * Reads the footer.
   *
   * @param bytes the whole file
   * @param maxPageBytes what one page may decompress to
   * @throws IndexError
   */
  constructor(bytes: Uint8Array, maxPageBytes: number, scratch: PageScratch) {
    this.#bytes = bytes;
    const metadata = attempt("footer", () => parquetMetadata(bytes, { geoparquet: false }));
    this.rows = Number(metadata.num_rows);
    if (!Number.isSafeInteger(this.rows) || this.rows < 0) throw broken("footer");
    this.#pages = new PageReader(this.rows, maxPageBytes, scratch);
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
   * Reads a column of numbers; NaN for nulls, Infinity for integers that a double cannot tell exactly.
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
      const indices = this.#pages.indices(page);
      if (indices && dictionary && known?.bytes !== dictionary) {
        const values = new Float64Array(Math.floor(dictionary.length / sizeOf(type)));
        copyNumbers(dictionary, 0, type, isUnsigned, values);
        known = { bytes: dictionary, values };
      }
      const values = indices ? known?.values : plainNumbers(page, chunk.type, isUnsigned);
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
    const column = this.#column(name);
    let known: { bytes: Uint8Array; values: Uint8Array[] } | undefined;
    // values are views of their page, which so must stay: nothing is released
    this.#read(column, rows, (page, chunk, dictionary, row, stop) => {
      if (page.count === 0) return;
      const indices = this.#pages.indices(page);
      if (indices && dictionary && known?.bytes !== dictionary) {
        known = { bytes: dictionary, values: byteArrays(dictionary, chunk.type, undefined) };
      }
      if (!indices && page.encoding !== "PLAIN") throw unread(page.encoding);
      const values = indices
        ? known?.values
        : byteArrays(page.bytes.subarray(page.at), chunk.type, page.count);
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
      const isNullable = element.repetition_type === "OPTIONAL";
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
            dictionary = this.#pages.decompress(body, header.uncompressed_page_size, chunk.codec);
            continue;
          }
          const page = this.#pages.read(body, header, chunk.codec, isNullable);
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
