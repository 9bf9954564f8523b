/** The URL space: which dataset, version and view a path names, and which key of that store. */

import { SluiceError } from "../errors.ts";
import { DATASET_ID } from "./catalog_file.ts";
import type { View } from "../zarr/view.ts";

export interface StorePath {
  readonly id: string;
  /** What stands behind `@`, decoded. */
  readonly version?: string;
  readonly view: View;
  /** The key below the store's root; ends in `/` (or is empty) for a listing. */
  readonly key: string;
  /**
   * All readings of the key, the likeliest first; undefined: `key` alone. zarr-python sends the names
   * of nodes unescaped: one may hold a literal `%20`, or a `?` that makes the rest of it a query.
   */
  readonly spellings?: readonly string[];
}

/** A path without escapes and control characters, as nearly all are: it says its names as they are. */
const PLAIN = /^[!-$&-~]*$/;
/** Segments of a path that may be part of a dataset's id. */
const MOST_SEGMENTS = 16;
const MARKED = /[@~]/;
const SUFFIX = /^([^@~]*)(?:@(.+?))?(~native|~v2)?$/s;

/**
 * Takes the escaped path of a URL apart; the longest id for which `has` is true wins.
 *
 * @param query what stands behind the `?`: a part of the key, or a token that is none of ours
 * @returns undefined if no dataset owns the path
 * @throws SluiceError `bad-request` for broken escapes, `not-found` for names with control characters
 */
export function parseStorePath(
  path: string,
  has: (id: string) => boolean,
  query = "",
): StorePath | undefined {
  const target = parsePath(path, has);
  if (!target || query === "") return target;
  const whole = parseQuery(`${path}%3F${query.replaceAll("?", "%3F")}`, has);
  if (whole?.id !== target.id || whole.view !== target.view || whole.version !== target.version) {
    return target;
  }
  const plain = spellingsOf(target);
  const sent = `${plain[plain.length - 1]}?${query}`;
  // A form's spelling of spaces, which aiohttp gives to every query.
  const spaced = parseQuery(
    `${path}%3F${query.replaceAll("?", "%3F").replaceAll("+", "%20")}`,
    has,
  );
  const spellings = [whole.key, spaced?.key ?? sent, sent, ...plain];
  return { ...target, spellings: [...new Set(spellings)] };
}

/** All readings of a path's key, the likeliest first. */
export function spellingsOf({ key, spellings }: StorePath): readonly string[] {
  return spellings ?? [key];
}

/** A path that ends in a query; undefined if it is none that could name anything. */
function parseQuery(path: string, has: (id: string) => boolean): StorePath | undefined {
  try {
    return parsePath(path, has);
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

function parsePath(path: string, has: (id: string) => boolean): StorePath | undefined {
  const isPlain = PLAIN.test(path);
  if (isPlain && path.startsWith("/") && !MARKED.test(path)) return parseUnmarked(path, has);
  const segments = path.split("/").slice(1);
  if (!isPlain) segments.forEach((segment, i) => segments[i] = decodeSegment(segment));
  for (let n = Math.min(segments.length, MOST_SEGMENTS); n > 0; n--) {
    const suffix = SUFFIX.exec(segments[n - 1]);
    if (!suffix) continue;
    const name = n === 1 ? suffix[1] : `${segments.slice(0, n - 1).join("/")}/${suffix[1]}`;
    const id = idOf(name, has);
    if (id === undefined) continue;
    const rest = segments.slice(n);
    if (rest.some((segment) => segment.includes("/"))) return undefined;
    const key = rest.join("/");
    const literal = path.split("/").slice(1 + n).join("/");
    return {
      id,
      version: suffix[2],
      view: suffix[3] === "~native" ? "native" : suffix[3] === "~v2" ? "v2" : "portable",
      key,
      ...(literal === key ? {} : { spellings: [key, literal] }),
    };
  }
  return undefined;
}

/** {@link parseStorePath} for nearly all paths: nothing escaped, no version, the portable view. */
function parseUnmarked(path: string, has: (id: string) => boolean): StorePath | undefined {
  const ends: number[] = [];
  for (let at = 0; at !== path.length && ends.length < MOST_SEGMENTS;) {
    const slash = path.indexOf("/", at + 1);
    at = slash < 0 ? path.length : slash;
    ends.push(at);
  }
  for (let n = ends.length - 1; n >= 0; n--) {
    const id = idOf(path.slice(1, ends[n]), has);
    if (id === undefined) continue;
    return { id, version: undefined, view: "portable", key: path.slice(ends[n] + 1) };
  }
  return undefined;
}

/** The id that a path names: as it is, or behind `.zarr`, by which xarray and GDAL guess the format. */
function idOf(name: string, has: (id: string) => boolean): string | undefined {
  const id = has(name) || !name.endsWith(".zarr") ? name : name.slice(0, -".zarr".length);
  return has(id) && DATASET_ID.test(id) ? id : undefined;
}

function decodeSegment(segment: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch (cause) {
    throw new SluiceError("bad-request", `Cannot decode the path segment "${segment}"`, {}, cause);
  }
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(decoded)) {
    throw new SluiceError("not-found", "No name holds control characters");
  }
  return decoded;
}
