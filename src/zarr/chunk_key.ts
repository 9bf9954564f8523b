/** Chunk keys: from the end of a path to an array and coordinates in its chunk grid. */

/** The node's path and the chunk's coordinates that a key names. */
export interface ChunkKey {
  /** The array's path below the root. */
  readonly path: string;
  /** The chunk's place in the chunk grid, one number a dimension. */
  readonly coords: readonly number[];
}

const DEFAULT_KEY = /^(?:(.*)\/)?c((?:\/(?:0|[1-9]\d{0,14}))*)$/s;

/** Parses a chunk key of the `default` encoding with separator `/`: `temp/c/0/0`, `scalar/c`. */
export function parseDefaultChunkKey(key: string): ChunkKey | undefined {
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

/**
 * The coordinates in the last part of a chunk key under an encoding.
 *
 * @param rest what stands behind the array's path and a slash
 * @param rank dimensions of the array; a scalar's only chunk is `c` (default) or `0` (v2)
 * @returns undefined if it is no chunk key
 */
export function parseChunkCoords(
  rest: string,
  encoding: "default" | "v2",
  separator: string,
  rank: number,
): number[] | undefined {
  if (rank === 0) return rest === (encoding === "default" ? "c" : "0") ? [] : undefined;
  const parts = rest.split(separator);
  if (encoding === "default" && parts.shift() !== "c") return undefined;
  if (parts.length !== rank) return undefined;
  if (!parts.every((part) => /^(0|[1-9]\d{0,14})$/.test(part))) return undefined;
  return parts.map(Number);
}
