/**
 * The archive of the fault matrix as an origin serves it: one file of chunks, and the same arrays over
 * it in every format. Written by others as far as formats are binary: test/fixtures/icechunk/README.md.
 */

import { parquetWriteBuffer } from "npm:hyparquet-writer@0.17.0";

const FIXTURE = new URL("../fixtures/icechunk/", import.meta.url);

/** A reference that leads nowhere: a chunk of the array `bad`. */
export interface BadReference {
  readonly name: string;
  readonly url: string;
  readonly offset: number;
  readonly length: number;
  /** False if the Icechunk library refuses to write it. */
  readonly icechunk?: false;
}

/** Bytes, from the start of `archive.bin`. */
type Place = readonly [offset: number, length: number];

interface Description {
  /** The URL of the folder that all is in. */
  readonly base: string;
  /** Array → chunk → place. */
  readonly places: Readonly<Record<string, Readonly<Record<string, Place>>>>;
  readonly bad: readonly BadReference[];
}

const description: Description = JSON.parse(
  Deno.readTextFileSync(new URL("archive.json", FIXTURE)),
);

/** The URL of the folder that all is in. */
export const BASE = description.base;
/** The references that lead nowhere; the array `bad` has a chunk for each. */
export const BAD_REFERENCES = description.bad;
/** Those of an archive of local files. */
export const LOCAL_BAD_REFERENCES: readonly BadReference[] = [
  { name: "a file outside by way of ..", url: "../outside.bin" },
  { name: "a file outside by way of %2e%2e", url: "%2e%2e/outside.bin" },
  { name: "a file outside by way of %2e%2e%2f", url: "%2e%2e%2foutside.bin" },
  { name: "a file outside by its URL", url: "file:///etc/hostname" },
  { name: "a file outside by its path", url: "/etc/hostname" },
  { name: "a name with a NUL", url: "archive.bin%00.txt" },
  { name: "a file of another host", url: "file://elsewhere.example/etc/hostname" },
  { name: "a host, from local files", url: "http://archive.example/data/archive.bin" },
].map((entry) => ({ offset: 0, length: 2000, ...entry }));

const CHUNKS = 8;
const BAD_CHUNKS = Math.max(BAD_REFERENCES.length, LOCAL_BAD_REFERENCES.length);
/** Rows of a partition of the kerchunk Parquet set. */
const RECORD_SIZE = 4;

/** v2 metadata of the codecs of each array. */
const ENCODINGS: Record<string, { filters: unknown; compressor: unknown }> = {
  pass: { filters: null, compressor: null },
  large: { filters: null, compressor: null },
  frame: {
    filters: [{ id: "shuffle", elementsize: 4 }],
    compressor: { id: "zlib", level: 4 },
  },
  transcode: {
    filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
    compressor: { id: "zlib", level: 4 },
  },
  zstd: {
    filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
    compressor: { id: "zstd", level: 3 },
  },
  bad: { filters: null, compressor: null },
};

/** Elements of a chunk. */
function elementsOf(array: string): number {
  return array === "large" ? 3000 : 500;
}

function zarray(name: string): Record<string, unknown> {
  const chunks = name === "bad" ? BAD_CHUNKS : CHUNKS;
  const elements = elementsOf(name);
  return {
    zarr_format: 2,
    shape: [chunks * elements],
    chunks: [elements],
    dtype: "<i4",
    order: "C",
    fill_value: -1,
    ...ENCODINGS[name],
  };
}

/** Array → chunk → reference. */
function references(base: string): Record<string, Record<string, [string, number, number]>> {
  const arrays: Record<string, Record<string, [string, number, number]>> = {};
  for (const [name, places] of Object.entries(description.places)) {
    arrays[name] = Object.fromEntries(
      Object.entries(places).map(([c, [offset, length]]) => [
        c,
        [`${base}archive.bin`, offset, length],
      ]),
    );
  }
  arrays.bad = Object.fromEntries(
    (base === "" ? LOCAL_BAD_REFERENCES : BAD_REFERENCES)
      .map(({ url, offset, length }, i) => [i, [url, offset, length]]),
  );
  return arrays;
}

function kerchunkJson(base: string): unknown {
  const refs: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
  for (const [name, chunks] of Object.entries(references(base))) {
    refs[`${name}/.zarray`] = JSON.stringify(zarray(name));
    refs[`${name}/.zattrs`] = '{"_ARRAY_DIMENSIONS":["x"]}';
    for (const [c, reference] of Object.entries(chunks)) refs[`${name}/${c}`] = reference;
  }
  return { version: 1, refs };
}

/** Path below the set → bytes. */
function kerchunkParquet(base: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  const metadata: Record<string, unknown> = { ".zgroup": { zarr_format: 2 } };
  for (const [name, chunks] of Object.entries(references(base))) {
    metadata[`${name}/.zarray`] = zarray(name);
    metadata[`${name}/.zattrs`] = { _ARRAY_DIMENSIONS: ["x"] };
    const count = name === "bad" ? BAD_CHUNKS : CHUNKS;
    for (let first = 0, n = 0; first < count; first += RECORD_SIZE, n++) {
      const rows = Array.from({ length: RECORD_SIZE }, (_, i) => chunks[first + i]);
      files[`${name}/refs.${n}.parq`] = partition(rows);
    }
  }
  files[".zmetadata"] = json({ metadata, record_size: RECORD_SIZE });
  return files;
}

/** One partition; rows without a reference are absent chunks. */
export function partition(
  rows: ReadonlyArray<readonly [string, number, number] | undefined>,
): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({
    columnData: [
      { name: "path", data: rows.map((row) => row?.[0] ?? null), type: "STRING", nullable: true },
      { name: "offset", data: rows.map((row) => BigInt(row?.[1] ?? 0)), type: "INT64" },
      { name: "size", data: rows.map((row) => BigInt(row?.[2] ?? 0)), type: "INT64" },
      { name: "raw", data: rows.map(() => null), type: "BYTE_ARRAY", nullable: true },
    ],
  }));
}

/** Path below the store → bytes: a plain Zarr v3 store, a file a chunk. */
function plainZarr(archive: Uint8Array): Record<string, Uint8Array> {
  const group = { zarr_format: 3, node_type: "group", attributes: {} };
  const files: Record<string, Uint8Array> = { "zarr.json": json(group) };
  const bytes = { name: "bytes", configuration: { endian: "little" } };
  const delta = { name: "numcodecs.delta", configuration: { dtype: "<i4", astype: "<i4" } };
  const codecs: Record<string, unknown[]> = {
    pass: [bytes],
    large: [bytes],
    frame: [
      bytes,
      { name: "numcodecs.shuffle", configuration: { elementsize: 4 } },
      { name: "numcodecs.zlib", configuration: { level: 4 } },
    ],
    transcode: [delta, bytes, { name: "numcodecs.zlib", configuration: { level: 4 } }],
    zstd: [delta, bytes, { name: "zstd", configuration: { level: 3, checksum: false } }],
  };
  for (const [name, places] of Object.entries(description.places)) {
    files[`${name}/zarr.json`] = json({
      zarr_format: 3,
      node_type: "array",
      shape: [CHUNKS * elementsOf(name)],
      data_type: "int32",
      chunk_grid: { name: "regular", configuration: { chunk_shape: [elementsOf(name)] } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: -1,
      codecs: codecs[name],
      attributes: {},
      dimension_names: ["x"],
    });
    for (const [c, [offset, length]] of Object.entries(places)) {
      files[`${name}/c/${c}`] = archive.slice(offset, offset + length);
    }
  }
  return files;
}

/** UTF-8 of `value` as JSON. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function* filesBelow(folder: URL, prefix = ""): Generator<[path: string, bytes: Uint8Array]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesBelow(new URL(`${name}/`, folder), `${prefix}${name}/`);
    else yield [`${prefix}${name}`, Deno.readFileSync(new URL(name, folder))];
  }
}

/**
 * Every file of the archive by its path below {@link BASE}: `archive.bin`, `set.json`, `set.parq/`,
 * `v1/` and `v2/` (Icechunk), `store/` (plain Zarr).
 *
 * @param base what references start with, empty for local files; Icechunk's always start with
 * {@link BASE}
 */
export function archiveFiles(base: string = BASE): Map<string, Uint8Array> {
  const archive = Deno.readFileSync(new URL("archive.bin", FIXTURE));
  const files = new Map<string, Uint8Array>([
    ["archive.bin", archive],
    ["set.json", json(kerchunkJson(base))],
  ]);
  const below = (folder: string, content: Iterable<[string, Uint8Array]>) => {
    for (const [path, bytes] of content) files.set(`${folder}/${path}`, bytes);
  };
  below("set.parq", Object.entries(kerchunkParquet(base)));
  below("store", Object.entries(plainZarr(archive)));
  for (const version of ["v1", "v2"]) below(version, filesBelow(new URL(`${version}/`, FIXTURE)));
  return files;
}

/** The stored bytes of a chunk. */
export function storedChunk(array: string, chunk: number): Uint8Array {
  const [offset, length] = description.places[array][chunk];
  return Deno.readFileSync(new URL("archive.bin", FIXTURE)).slice(offset, offset + length);
}
