/**
 * The footer and the page headers of a Parquet file, as much of them as its flat columns need.
 * Source: parquet-format `parquet.thrift`.
 */

import {
  numberOf,
  structOf,
  structsOf,
  textOf,
  ThriftReader,
  type ThriftStruct,
} from "./thrift.ts";

/** `parquet.thrift`, Type: those that are read. */
export const TYPE = { int32: 1, int64: 2, float: 4, double: 5, byteArray: 6 } as const;

/** `parquet.thrift`, Encoding: those that are read. */
export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  deltaBinaryPacked: 5,
  deltaLengthByteArray: 6,
  deltaByteArray: 7,
  rleDictionary: 8,
  byteStreamSplit: 9,
} as const;

/** `parquet.thrift`, CompressionCodec: those that are read. */
export const COMPRESSION = {
  none: 0,
  snappy: 1,
  gzip: 2,
  brotli: 4,
  zstd: 6,
  lz4Raw: 7,
} as const;

/** The pages of one column in one row group. */
export interface ColumnChunk {
  /** One of {@link TYPE}. */
  readonly type: number;
  /** One of {@link COMPRESSION}. */
  readonly compression: number;
  /** Rows, those that are null among them. */
  readonly values: number;
  /** Where the first page starts, in bytes. */
  readonly offset: number;
}

/** A column directly below the root, of one value a row. */
export interface Column {
  /** What the schema calls it. */
  readonly name: string;
  /** True if a row may be null. */
  readonly isNullable: boolean;
  /** True for numbers that are never negative. */
  readonly isUnsigned: boolean;
  /** One a row group. */
  readonly chunks: readonly ColumnChunk[];
}

/** What a file says of itself. */
export interface Footer {
  /** Rows of all row groups. */
  readonly rows: number;
  /** The flat columns. */
  readonly columns: readonly Column[];
}

/** The footer at the end of a whole file. @throws RangeError if it is malformed */
export function readFooter(bytes: Uint8Array): Footer {
  const { length } = bytes;
  if (length < 12 || !isMagic(bytes, 0) || !isMagic(bytes, length - 4)) {
    throw new RangeError("The file is not Parquet");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const footerBytes = view.getUint32(length - 8, true);
  if (footerBytes > length - 12) throw new RangeError("The footer is cut off");
  const fields = new ThriftReader(bytes, length - 8 - footerBytes, length - 8).struct();
  const rows = numberOf(fields, 3, NaN);
  if (!(rows >= 0)) throw new RangeError("The file does not tell its rows");
  const groups = structsOf(fields.get(4)).map((group) => structsOf(group.get(1)));
  const columns = topLevel(structsOf(fields.get(2)));
  return { rows, columns: columns.flatMap((element) => column(element, groups)) };
}

/** `PAR1` */
function isMagic(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x50 && bytes[at + 1] === 0x41 && bytes[at + 2] === 0x52 &&
    bytes[at + 3] === 0x31;
}

/** The elements of the schema directly below the root that have one value a row. */
function topLevel(schema: ThriftStruct[]): ThriftStruct[] {
  const found: ThriftStruct[] = [];
  for (let i = 1, open = 0; i < schema.length; i++) {
    const children = numberOf(schema[i], 5, 0);
    const isRepeated = numberOf(schema[i], 3, 0) === 2;
    if (open === 0 && children === 0 && !isRepeated) found.push(schema[i]);
    // how many elements until the next one directly below the root
    open = Math.max(0, open - 1) + children;
  }
  return found;
}

function column(element: ThriftStruct, groups: ThriftStruct[][]): Column[] {
  const name = textOf(element.get(4));
  if (name === undefined) return [];
  const chunks: ColumnChunk[] = [];
  for (const group of groups) {
    const metadata = group.map((chunk) => structOf(chunk.get(3))).find((each) => {
      const path = each?.get(3);
      return Array.isArray(path) && path.length === 1 && textOf(path[0]) === name;
    });
    if (metadata) chunks.push(columnChunk(metadata));
  }
  if (chunks.length < groups.length) return [];
  const convertedType = numberOf(element, 6, -1);
  const integer = structOf(structOf(element.get(10))?.get(10));
  return [{
    name,
    isNullable: numberOf(element, 3, 0) === 1,
    isUnsigned: convertedType >= 11 && convertedType <= 14 || integer?.get(2) === false,
    chunks,
  }];
}

function columnChunk(metadata: ThriftStruct): ColumnChunk {
  const [data, dictionary] = [numberOf(metadata, 9, NaN), numberOf(metadata, 11, 0)];
  // some writers leave a dictionary's offset at 0
  const offset = dictionary > 0 ? Math.min(data, dictionary) : data;
  const values = numberOf(metadata, 5, NaN);
  if (!(offset >= 0 && values >= 0)) throw new RangeError("A column does not tell its place");
  return {
    type: numberOf(metadata, 1, -1),
    compression: numberOf(metadata, 4, -1),
    values,
    offset,
  };
}

/** What stands before a page. */
export interface PageHeader {
  /** Data in either version, a dictionary, or anything else, which is passed over. */
  readonly kind: "data" | "data v2" | "dictionary" | "other";
  /** Bytes of the page as it is stored. */
  readonly storedBytes: number;
  /** Bytes of the page once it is decompressed, levels included. */
  readonly pageBytes: number;
  /** Values, those that are null among them. */
  readonly values: number;
  /** One of {@link ENCODING}. */
  readonly encoding: number;
  /** Of a page in version 2: bytes of its repetition levels, which come first. */
  readonly repetitionBytes: number;
  /** Of a page in version 2: bytes of its definition levels, which come second. */
  readonly definitionBytes: number;
  /** False where a page in version 2 is stored as it is. */
  readonly isCompressed: boolean;
}

/** The header at the reader's place. @throws RangeError if it is malformed */
export function readPageHeader(reader: ThriftReader): PageHeader {
  const fields = reader.struct();
  const [v1, dictionary, v2] = [5, 7, 8].map((id) => structOf(fields.get(id)));
  const kind = v2 ? "data v2" : v1 ? "data" : dictionary ? "dictionary" : "other";
  const of = v2 ?? v1 ?? dictionary ?? fields;
  const header: PageHeader = {
    kind,
    storedBytes: numberOf(fields, 3, NaN),
    pageBytes: numberOf(fields, 2, NaN),
    values: numberOf(of, 1, NaN),
    encoding: numberOf(of, v2 ? 4 : 2, -1),
    repetitionBytes: v2 ? numberOf(v2, 6, 0) : 0,
    definitionBytes: v2 ? numberOf(v2, 5, 0) : 0,
    isCompressed: v2?.get(7) !== false,
  };
  if (!(header.storedBytes >= 0 && header.pageBytes >= 0 && header.values >= 0)) {
    throw new RangeError("A page does not tell its size");
  }
  return header;
}
