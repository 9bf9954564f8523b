/** Where the chunks of an array stand: its grid, the order of the grid, and how a chunk's key is spelled. */

import { IndexError } from "../errors.ts";
import { isObject, type Json, type JsonObject, toNumber } from "../json.ts";

/** How chunk coordinates become the end of a key. Source: Zarr v3 core, "Chunk key encodings". */
export interface ChunkKeyEncoding {
  /** `default` puts `c` in front; `v2` writes a scalar's one chunk as `0`. */
  readonly name: "default" | "v2";
  /** What stands between coordinates, and behind the `c`. */
  readonly separator: "." | "/";
}

/** The chunk grid of one array. */
export interface ChunkLayout {
  /** Chunks along each dimension. */
  readonly grid: readonly number[];
  /** Chunks in all; a safe integer. */
  readonly chunks: number;
  /** How the chunks' keys are spelled. */
  readonly encoding: ChunkKeyEncoding;
}

/** The layout of a v2 array. @throws IndexError */
export function layoutFromV2(zarray: Json, path: string): ChunkLayout {
  if (!isObject(zarray)) throw malformed(path, "its .zarray is not a JSON object");
  const separator = zarray.dimension_separator ?? ".";
  return layout(path, zarray.shape, zarray.chunks, { name: "v2", separator });
}

/** The layout of a v3 array. @throws IndexError, also for grids that are not regular */
export function layoutFromV3(document: Json, path: string): ChunkLayout {
  if (!isObject(document)) throw malformed(path, "its zarr.json is not a JSON object");
  const grid = named(document.chunk_grid, path);
  if (grid.name !== "regular") throw malformed(path, "its chunk grid is not regular");
  const encoding = document.chunk_key_encoding === undefined
    ? { name: "default", configuration: {} }
    : named(document.chunk_key_encoding, path);
  const separator = encoding.configuration.separator ?? (encoding.name === "v2" ? "." : "/");
  return layout(path, document.shape, grid.configuration.chunk_shape, {
    name: encoding.name,
    separator,
  });
}

function named(value: Json | undefined, path: string): { name: Json; configuration: JsonObject } {
  if (typeof value === "string") return { name: value, configuration: {} };
  if (!isObject(value)) throw malformed(path, "its chunk grid or key encoding is missing");
  return {
    name: value.name,
    configuration: isObject(value.configuration) ? value.configuration : {},
  };
}

function layout(
  path: string,
  shape: Json | undefined,
  chunk: Json | undefined,
  { name, separator }: { name: Json; separator: Json },
): ChunkLayout {
  if (name !== "default" && name !== "v2") {
    throw malformed(path, "its chunk keys are of no known kind");
  }
  if (separator !== "." && separator !== "/") {
    throw malformed(path, 'its chunk separator is neither "." nor "/"');
  }
  const lengths = integers(shape, path, "shape");
  const edges = integers(chunk, path, "chunk shape");
  if (lengths.length !== edges.length) throw malformed(path, "its shape and chunks differ in rank");
  if (edges.some((edge, i) => edge === 0 && lengths[i] > 0)) {
    throw malformed(path, "a chunk has a length of 0");
  }
  // kerchunk writes a chunk edge of 0 for a dimension of length 0
  const grid = lengths.map((length, i) => Math.ceil(length / Math.max(1, edges[i])));
  const chunks = grid.includes(0) ? 0 : grid.reduce((product, count) => product * count, 1);
  if (!Number.isSafeInteger(chunks) || grid.some((count) => count > 2 ** 32)) {
    throw malformed(path, "its grid has more chunks than can be counted");
  }
  return { grid, chunks, encoding: { name, separator } };
}

function integers(value: Json | undefined, path: string, what: string): number[] {
  if (!Array.isArray(value)) throw malformed(path, `its ${what} is not an array`);
  return value.map((item: Json) => {
    const number = toNumber(item);
    if (number === undefined || !Number.isSafeInteger(number) || number < 0) {
      throw malformed(path, `its ${what} holds what is not a count`);
    }
    return number;
  });
}

function malformed(path: string, why: string): IndexError {
  return new IndexError(`Cannot use the array "${path}": ${why}`, { path });
}

/**
 * The place of a chunk in C order, which is also its row in a kerchunk Parquet set; undefined for
 * coordinates outside the grid, which so never alias another chunk.
 */
export function chunkOrdinal(
  { grid }: ChunkLayout,
  coords: readonly number[],
): number | undefined {
  if (coords.length !== grid.length) return undefined;
  let ordinal = 0;
  for (let i = 0; i < grid.length; i++) {
    const coord = coords[i];
    if (!Number.isInteger(coord) || coord < 0 || coord >= grid[i]) return undefined;
    ordinal = ordinal * grid[i] + coord;
  }
  return ordinal;
}

/** The coordinates of the chunk at `ordinal`, written to `into` from `at`. */
export function writeCoords(
  { grid }: ChunkLayout,
  ordinal: number,
  into: Uint32Array,
  at: number,
): void {
  for (let i = grid.length - 1; i >= 0; i--) {
    into[at + i] = ordinal % grid[i];
    ordinal = Math.floor(ordinal / grid[i]);
  }
}

/** The end of a chunk's key, behind the array's path and a slash: `0.1.2`, `c/0/1/2`. */
export function chunkKey({ encoding }: ChunkLayout, coords: readonly number[]): string {
  const { name, separator } = encoding;
  const joined = coords.join(separator);
  if (name === "v2") return coords.length === 0 ? "0" : joined;
  return coords.length === 0 ? "c" : `c${separator}${joined}`;
}

/** The coordinates that the end of a chunk's key names; undefined if it is not spelled as one. */
export function parseChunkKey(layout: ChunkLayout, key: string): number[] | undefined {
  const { encoding: { name, separator }, grid } = layout;
  const isScalar = grid.length === 0;
  if (isScalar) return key === chunkKey(layout, []) ? [] : undefined;
  const prefix = name === "default" ? `c${separator}` : "";
  if (!key.startsWith(prefix)) return undefined;
  const numbers = key.slice(prefix.length).split(separator);
  const isSpelledRight = numbers.length === grid.length &&
    numbers.every((text) => /^(?:0|[1-9]\d{0,9})$/.test(text));
  return isSpelledRight ? numbers.map(Number) : undefined;
}
