/**
 * The columns of a Parquet file that is in memory, page by page. The values are taken from the pages here,
 * because a partition of references is 100,000 rows of 64-bit integers and few texts: as typed columns they
 * take little time, make no BigInt and no string a row, and no malformed run can ask for more memory than
 * the rows need. Source: parquet-format `README.md` (data pages) and `Encodings.md`.
 */

import { IndexError } from "../../src/errors.ts";
import {
  type Column,
  type ColumnChunk,
  type Footer,
  readFooter,
  readPageHeader,
} from "./metadata.ts";
import { ENCODING } from "./metadata.ts";
import { type Page, PageReader, release } from "./page.ts";
import { ThriftReader } from "./thrift.ts";
import {
  type ByteArrays,
  byteArraysOf,
  copyNumbers,
  dictionaryByteArrays,
  indicesOf,
  numbersOf,
  sizeOf,
} from "./values.ts";

/** Takes a page with what its dictionary holds. */
type TakePage = (
  page: Page,
  chunk: ColumnChunk,
  dictionary: Uint8Array | undefined,
  row: number,
) => void;

/** A Parquet file of flat columns. Everything is decoded when asked for, and nothing kept. */
export class ParquetFile {
  readonly #bytes: Uint8Array;
  readonly #footer: Footer;
  readonly #pages: PageReader;

  /**
   * Reads the footer.
   *
   * @param bytes the whole file
   * @param maxBytes what all pages that are read may decompress to
   * @throws IndexError
   */
  constructor(bytes: Uint8Array, maxBytes: number) {
    this.#bytes = bytes;
    this.#footer = attempt("footer", () => readFooter(bytes));
    this.#pages = new PageReader(maxBytes);
  }

  /** Rows of all row groups. */
  get rows(): number {
    return this.#footer.rows;
  }

  /** True if there is a flat column of that name. */
  has(name: string): boolean {
    return this.#footer.columns.some((column) => column.name === name);
  }

  /**
   * Reads a column of numbers, a page at a time; NaN for nulls, Infinity for integers that a double cannot
   * tell exactly.
   *
   * @param into as many rows as are wanted
   * @throws IndexError
   */
  *readNumbers(name: string, into: Float64Array): Generator<void, void> {
    const column = this.#column(name);
    const { isUnsigned } = column;
    let known: { bytes: Uint8Array; values: Float64Array } | undefined;
    const take: TakePage = (page, { type }, dictionary, row) => {
      if (page.encoding === ENCODING.plain && page.present === undefined) {
        copyNumbers(page.bytes, page.at, type, isUnsigned, into.subarray(row, row + page.rows));
        return;
      }
      const indices = indicesOf(page);
      if (indices && dictionary && known?.bytes !== dictionary) {
        const values = new Float64Array(Math.floor(dictionary.length / sizeOf(type)));
        copyNumbers(dictionary, 0, type, isUnsigned, values);
        known = { bytes: dictionary, values };
      }
      const values = indices ? known?.values : numbersOf(page, type, isUnsigned);
      if (!values) throw new RangeError("A page has no dictionary");
      for (let i = 0, at = 0; i < page.rows; i++) {
        const isPresent = page.present === undefined || page.present[i] === 1;
        const value = isPresent ? values[indices ? indices[at++] : at++] : NaN;
        if (value === undefined) throw new RangeError("A page refers to what is not in it");
        into[row + i] = value;
      }
    };
    yield* this.#read(column, into.length, take);
  }

  /**
   * Visits the rows of a column of bytes or text that are not null, a page at a time. The same entry of a
   * page's dictionary has the same place in the same bytes.
   *
   * @throws IndexError, also where a column of another type has a value
   */
  *readBytes(
    name: string,
    rows: number,
    visit: (row: number, bytes: Uint8Array, start: number, end: number) => void,
  ): Generator<void, void> {
    let known: { of: Uint8Array; values: ByteArrays } | undefined;
    const take: TakePage = (page, { type }, dictionary, row) => {
      if (page.count === 0) return;
      const indices = indicesOf(page);
      if (indices && dictionary && known?.of !== dictionary) {
        known = { of: dictionary, values: dictionaryByteArrays(dictionary, type) };
      }
      const values = indices ? known?.values : byteArraysOf(page, type);
      if (!values) throw new RangeError("A page has no dictionary");
      const { bytes, starts, ends } = values;
      for (let i = 0, at = 0; i < page.rows; i++) {
        if (page.present !== undefined && page.present[i] === 0) continue;
        const index = indices ? indices[at] : at;
        if (index >= starts.length) throw new RangeError("A page refers to what is not in it");
        visit(row + i, bytes, starts[index], ends[index]);
        at++;
      }
    };
    yield* this.#read(this.#column(name), rows, take);
  }

  #column(name: string): Column {
    const column = this.#footer.columns.find((each) => each.name === name);
    if (!column) throw broken(`column "${name}"`);
    return column;
  }

  /** Goes through the pages of a column until `rows` are read. */
  *#read(
    { name, isNullable, chunks }: Column,
    rows: number,
    take: TakePage,
  ): Generator<void, void> {
    let row = 0;
    for (const chunk of chunks) {
      const reader = new ThriftReader(this.#bytes, chunk.offset, this.#bytes.length);
      let dictionary: Uint8Array | undefined;
      for (let left = chunk.values; left > 0 && row < rows;) {
        attempt(`column "${name}"`, () => {
          const header = readPageHeader(reader);
          const end = reader.at + header.storedBytes;
          if (!(end <= this.#bytes.length)) throw new RangeError("A page is cut off");
          const body = this.#bytes.subarray(reader.at, end);
          reader.at = end;
          if (header.kind === "other") return;
          if (header.kind === "dictionary") {
            // also no reason to decompress one after the other
            if (dictionary) throw new RangeError("A column has several dictionaries");
            dictionary = this.#pages.decompress(body, header.pageBytes, chunk.compression);
            return;
          }
          const page = this.#pages.read(body, header, chunk.compression, isNullable, rows - row);
          take(page, chunk, dictionary, row);
          row += page.rows;
          left -= header.values;
          release(page.bytes);
        });
        yield;
      }
      if (dictionary) release(dictionary);
    }
    // what is not there is not null
    if (row < rows) {
      throw broken(`column "${name}"`, new RangeError("It has fewer rows than its file"));
    }
  }
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    throw fault instanceof IndexError ? fault : broken(what, fault);
  }
}

function broken(what: string, cause?: unknown): IndexError {
  const why = cause instanceof RangeError ? `: ${cause.message}` : "";
  return new IndexError(`Cannot read the ${what} of a Parquet partition${why}`, {}, cause);
}
