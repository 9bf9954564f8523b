/** Writes kerchunk Parquet sets with hyparquet-writer, laid out as fsspec's LazyReferenceMapper does. */

import { zstdCompressSync } from "node:zlib";
import { type ColumnSource, parquetWriteBuffer } from "npm:hyparquet-writer@0.17.0";

/** What a row of a partition refers to; undefined is an absent chunk. */
export type PartitionRow =
  | { path: string | null; offset?: number | bigint | null; size?: number | bigint | null }
  | { raw: Uint8Array }
  | undefined;

/** How a partition is written. */
export interface PartitionOptions {
  /** Columns to write; all if undefined. */
  readonly columns?: readonly ("path" | "offset" | "size" | "raw")[];
  readonly codec?: "ZSTD" | "SNAPPY" | "UNCOMPRESSED";
  /** Bytes a page. */
  readonly pageSize?: number;
  readonly rowGroupSize?: number;
  /** True if offset and size may be null. */
  readonly nullable?: boolean;
}

/** A `refs.N.parq`. */
export function partitionFile(
  rows: readonly PartitionRow[],
  options: PartitionOptions = {},
): Uint8Array<ArrayBuffer> {
  const { columns = ["path", "offset", "size", "raw"], codec = "ZSTD" } = options;
  const place = (row: PartitionRow) => row && "path" in row ? row : undefined;
  const { nullable = false } = options;
  const int = (value: number | bigint | null | undefined) =>
    value === null && nullable ? null : BigInt(value ?? 0);
  const data: Record<string, () => Omit<ColumnSource, "name">> = {
    path: () => ({ type: "STRING", nullable: true, data: rows.map((r) => place(r)?.path ?? null) }),
    offset: () => ({
      type: "INT64",
      nullable,
      data: rows.map((r) => int(place(r)?.offset)),
    }),
    size: () => ({ type: "INT64", nullable, data: rows.map((r) => int(place(r)?.size)) }),
    raw: () => ({
      type: "BYTE_ARRAY",
      nullable: true,
      data: rows.map((row) => row && "raw" in row ? row.raw : null),
    }),
  };
  return new Uint8Array(parquetWriteBuffer({
    columnData: columns.map((name) => ({ name, ...data[name]() })),
    codec,
    compressors: { ZSTD: (bytes) => new Uint8Array(zstdCompressSync(bytes)) },
    pageSize: options.pageSize,
    rowGroupSize: options.rowGroupSize,
  }));
}

/** The files of a whole set by URL. */
export function parquetSet(
  root: string,
  recordSize: number,
  metadata: Record<string, unknown>,
  arrays: Record<string, readonly PartitionRow[]>,
  options?: PartitionOptions,
): Record<string, Uint8Array | string> {
  const files: Record<string, Uint8Array | string> = {
    [`${root}.zmetadata`]: JSON.stringify({ metadata, record_size: recordSize }),
  };
  for (const [path, rows] of Object.entries(arrays)) {
    for (let first = 0; first < rows.length; first += recordSize) {
      const padded = Array.from({ length: recordSize }, (_, i) => rows[first + i]);
      if (padded.every((row) => row === undefined)) continue;
      files[`${root}${path}/refs.${first / recordSize}.parq`] = partitionFile(padded, options);
    }
  }
  return files;
}
