/** The form in which URLs are compared with an allow-list, and what is refused in any of them. */

import { OriginError } from "../errors.ts";

/** What a URL leads to: the store or host, and the place in it, in comparable text. */
export interface CanonicalUrl {
  /** Scheme, container where the scheme has one, host and port: `https://example.org:8443`. */
  readonly authority: string;
  /** The path with a leading slash: an object store's decoded key, else normalised percent-encoding. */
  readonly path: string;
  /** The query with its `?`; empty if there is none. */
  readonly query: string;
}

/** Scheme → the scheme it is another name of. */
const SCHEMES: Record<string, string> = {
  "http:": "http:",
  "https:": "https:",
  "file:": "file:",
  "s3:": "s3:",
  "s3a:": "s3:",
  "gs:": "gs:",
  "gcs:": "gs:",
  "az:": "az:",
  "abfs:": "abfs:",
  "abfss:": "abfs:",
};

/** The scheme that `protocol` (with its colon) means; undefined if there is no origin for it. */
export function canonicalScheme(protocol: string): string | undefined {
  return Object.hasOwn(SCHEMES, protocol) ? SCHEMES[protocol] : undefined;
}

/** True for the schemes whose paths are keys: any text, never normalised by the store. */
function isObjectStore(protocol: string): boolean {
  const scheme = canonicalScheme(protocol);
  return scheme === "s3:" || scheme === "gs:" || scheme === "az:" || scheme === "abfs:";
}

// What some server or other takes for a path separator, a dot or the end of the path, once or twice encoded.
const DISGUISED = /%(?:25)*(?:0[0-9a-f]|1[0-9a-f]|2e|2f|5c|7f)|\\|\.\.;/i;
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
const UNRESERVED = /%(?:2D|5F|7E|3\d|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])/g;

function refuse(url: URL, why: string): never {
  throw new OriginError("origin-not-allowed", `A reference is refused: ${why}`, { url: url.href });
}

function decoded(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return refuse(url, "its path is badly escaped");
  }
}

/** The key of an object store's URL with a leading slash, exactly as the store has it. */
function keyPath(url: URL): string {
  if (/%2f/i.test(url.pathname)) refuse(url, "its key has an encoded slash");
  const path = decoded(url);
  if (CONTROL.test(path)) refuse(url, "its key has control characters");
  // fetch would normalise these away, and so read another key
  if (/\/\.{1,2}(?:\/|$)/.test(path)) refuse(url, "its key has dot segments");
  if (url.hash !== "" || url.search !== "") refuse(url, "its key has an unescaped ? or #");
  return path;
}

/** An escaped path with a leading slash, with no escapes that need not be. */
function escapedPath(url: URL): string {
  const path = url.pathname;
  if (!/[%;\\]/.test(path)) return path;
  if (DISGUISED.test(path)) refuse(url, "its path has disguised separators or dots");
  decoded(url);
  return path
    .replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase())
    .replace(UNRESERVED, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));
}

/**
 * `url` in comparable form.
 *
 * @throws OriginError `origin-not-allowed` for schemes without an origin, userinfo, and paths that a
 * server could read as another path than they seem
 */
export function canonicalUrl(url: URL): CanonicalUrl {
  const scheme = canonicalScheme(url.protocol);
  if (scheme === undefined) {
    refuse(url, `${url.protocol.slice(0, 20)} is not a scheme of an origin`);
  }
  if (url.password !== "") refuse(url, "it has a password");
  // abfs://container@account/: the container stands where other schemes have a user
  if (url.username !== "" && scheme !== "abfs:") refuse(url, "it has a user");
  const container = url.username === "" ? "" : `${url.username}@`;
  const host = url.host.includes(".") ? url.host.replace(/\.(?=:\d+$|$)/, "") : url.host;
  if (scheme === "file:" && host !== "") refuse(url, "it names a file on another host");
  return {
    authority: `${scheme}//${container}${host}`,
    path: isObjectStore(scheme) ? keyPath(url) : escapedPath(url),
    query: scheme === "file:" && url.search !== ""
      ? refuse(url, "a file has no query")
      : url.search,
  };
}
