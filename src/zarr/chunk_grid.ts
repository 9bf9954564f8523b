/**
 * Chunk grids and chunk keys, all that is known of them: where the chunks of an array stand, their order,
 * and how their keys are spelled. Source: Zarr v2, "Chunks"; Zarr v3 core, "Chunk grids", "Chunk key encodings".
 */

import { type Json, toNumber } from "../json.ts";
import { malformed, shown } from "./malformed.ts";
import type { ArrayMetadata, Named } from "./metadata.ts";

/** How chunk coordinates become the end of a key. */
export interface ChunkKeyEncoding {
  /** `default` puts `c` in front; `v2` writes a scalar's one chunk as `0`. */
  readonly name: "default" | "v2";
  /** What stands between coordinates, and behind the `c`. */
  readonly separator: "." | "/";
}

/** The keys of the portable view: `c/0/1`. */
export const DEFAULT_KEYS: ChunkKeyEncoding = { name: "default", separator: "/" };

/** The regular chunk grid of one array. */
export interface ChunkLayout {
  /** Elements of a chunk along each dimension, each at least 1. */
  readonly chunkShape: readonly number[];
  /** Chunks along each dimension. */
  readonly grid: readonly number[];
  /** Chunks in all; a safe integer. */
  readonly chunks: number;
  /** How the chunks' keys are spelled. */
  readonly encoding: ChunkKeyEncoding;
}

/** NumPy's own limit is 64. */
const MAX_RANK = 1024;
/** Chunks along one dimension: coordinates are kept in 32 bits. */
const MAX_CHUNKS = 2 ** 32;

/**
 * A list of lengths in elements: safe integers ≥ 0.
 *
 * @param member the member of the document that holds it, for messages
 * @param where the document, for messages
 * @throws IndexError
 */
export function parseShape(value: Json | undefined, member: string, where: string): number[] {
  if (!Array.isArray(value)) throw malformed(where, `${member} is ${shown(value)}`);
  if (value.length > MAX_RANK) throw malformed(where, `${member} has ${value.length} dimensions`);
  return value.map((item: Json, index) => {
    const length = toNumber(item);
    if (length === undefined || !Number.isSafeInteger(length) || length < 0) {
      throw malformed(where, `${member}[${index}] is ${shown(item)}`);
    }
    return length;
  });
}

/**
 * The shape of a chunk, in elements, each at least 1: writers give a dimension of length 0 chunks of
 * length 0, and no chunk of such an array is stored.
 *
 * @param itemBytes bytes of an element
 * @throws IndexError if it is none, has another rank than `shape`, a length of 0 where there are elements,
 * makes a chunk of over 2⁵³ bytes, or more chunks than can be counted
 */
export function parseChunkShape(
  value: Json | undefined,
  shape: readonly number[],
  itemBytes: number,
  member: string,
  where: string,
): number[] {
  const lengths = parseShape(value, member, where);
  if (lengths.length !== shape.length) {
    throw malformed(where, `${member} has ${lengths.length} dimensions, shape has ${shape.length}`);
  }
  const empty = lengths.findIndex((length, i) => length === 0 && shape[i] > 0);
  if (empty >= 0) {
    throw malformed(where, `${member}[${empty}] is 0 where shape[${empty}] is ${shape[empty]}`);
  }
  const chunk = lengths.map((length) => Math.max(1, length));
  if (chunk.reduce((product, length) => product * length, itemBytes) > Number.MAX_SAFE_INTEGER) {
    throw malformed(where, `${member} ${shown(value)} makes chunks of over 2^53 bytes`);
  }
  const grid = gridOf(shape, chunk);
  if (grid.some((count) => count > MAX_CHUNKS) || !Number.isSafeInteger(product(grid))) {
    throw malformed(where, `${member} ${shown(value)} makes more chunks than can be counted`);
  }
  return chunk;
}

/**
 * How chunk keys are spelled; undefined for an extension that is not known here.
 *
 * @throws IndexError for a separator that is neither `/` nor `.`
 */
export function parseKeyEncoding(
  name: string,
  separator: Json | undefined,
  where: string,
): ChunkKeyEncoding | undefined {
  if (name !== "default" && name !== "v2") return undefined;
  const between = separator ?? (name === "v2" ? "." : "/");
  if (between !== "/" && between !== ".") {
    throw malformed(where, `the separator of chunk keys is ${shown(separator)}`);
  }
  return { name, separator: between };
}

/** Elements of a chunk along each dimension; undefined if the array's chunks differ in shape. */
export function chunkShape({ chunk_grid }: Pick<ArrayMetadata, "chunk_grid">):
  | readonly number[]
  | undefined {
  return chunk_grid.name === "regular"
    ? chunk_grid.configuration?.chunk_shape as readonly number[] | undefined
    : undefined;
}

/** The layout that parsed metadata tells; undefined if its grid or its keys are not known here. */
export function chunkLayout(metadata: ArrayMetadata): ChunkLayout | undefined {
  const chunk = chunkShape(metadata);
  const encoding = keyEncoding(metadata.chunk_key_encoding);
  if (!chunk || !encoding) return undefined;
  const grid = gridOf(metadata.shape, chunk);
  return { chunkShape: chunk, grid, chunks: product(grid), encoding };
}

function keyEncoding({ name, configuration }: Named): ChunkKeyEncoding | undefined {
  return parseKeyEncoding(name, configuration?.separator, "chunk_key_encoding");
}

function gridOf(shape: readonly number[], chunk: readonly number[]): number[] {
  return shape.map((length, i) => Math.ceil(length / chunk[i]));
}

function product(counts: readonly number[]): number {
  return counts.includes(0) ? 0 : counts.reduce((result, count) => result * count, 1);
}

/**
 * The place of a chunk in C order, which is also its row in a kerchunk Parquet set; undefined for
 * coordinates outside the grid, which so never alias another chunk.
 */
export function chunkOrdinal(
  { grid }: Pick<ChunkLayout, "grid">,
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
  { grid }: Pick<ChunkLayout, "grid">,
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

/** The coordinates that the end of a chunk's key names; undefined if it is not spelled as one of that rank. */
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

const DEFAULT_KEY = /^(?:(.*)\/)?c((?:\/(?:0|[1-9]\d{0,14}))*)$/s;

/** The array's path and the chunk's coordinates that a key of the portable view names: `temp/c/0/0`. */
export function parseDefaultChunkKey(
  key: string,
): { readonly path: string; readonly coords: readonly number[] } | undefined {
  const match = DEFAULT_KEY.exec(key);
  return match
    ? { path: match[1] ?? "", coords: match[2].split("/").slice(1).map(Number) }
    : undefined;
}

/**
 * The ways to read `key` as a chunk of some array, for encodings that only the array's own metadata
 * tells: `temp/0.0`, `temp/0/0`, `temp/c.0.0`. Longest array path first.
 */
export function chunkKeyCandidates(key: string): Array<{ path: string; rest: string }> {
  const segments = key.split("/");
  const candidates: Array<{ path: string; rest: string }> = [];
  for (let n = segments.length - 1; n >= 0; n--) {
    candidates.push({ path: segments.slice(0, n).join("/"), rest: segments.slice(n).join("/") });
    if (!/^(c|(c\.)?\d+(\.\d+)*)$/.test(segments[n])) break;
  }
  return candidates;
}
