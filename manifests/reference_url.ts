/** From the text of a reference to its URL. Source: fsspec `split_protocol`, kerchunk's specification. */

import { IndexError } from "../src/errors.ts";
import { plainPath } from "./folder_url.ts";

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * The URL that a reference's text means.
 *
 * - `http:` and `https:` texts are URLs already.
 * - Texts of every other scheme (`s3://bucket/a b#1.nc`) are a scheme and a plain key, as fsspec takes
 *   them: `%`, `?`, `#`, `\`, spaces and control characters are percent-encoded, so that decoding the
 *   URL's path gives the key exactly. `file://` texts, too.
 * - A text that starts with `/` is a local path, plain.
 * - Anything else is relative to `base`: as a URL reference where `base` is `http(s)`, else plain.
 *
 * @throws IndexError where no URL can say the text (dot segments in an object store's key, lone
 * surrogates, a bad host)
 */
export function referenceUrl(text: string, base: URL): URL {
  const scheme = SCHEME.exec(text)?.[1].toLowerCase();
  const isWeb = scheme === "http" || scheme === "https";
  if (!text.isWellFormed()) throw unusable(text, "it is not Unicode text");
  if (scheme !== undefined && !isWeb && scheme !== "file" && hasDotSegment(text)) {
    throw unusable(text, "no URL can hold its dot segments");
  }
  const spelled = isWeb
    ? text
    : scheme !== undefined
    ? plainPath(text)
    : text.startsWith("/")
    ? `file://${plainPath(text)}`
    : /^https?:$/.test(base.protocol)
    ? text
    // "./" keeps a colon in the first segment from being read as a scheme
    : `./${plainPath(text)}`;
  try {
    return new URL(spelled, base);
  } catch (cause) {
    throw unusable(text, "it is not a URL", cause);
  }
}

/** True if the text is a URL or a path from the root, which mean the same wherever they stand. */
export function isAbsolute(text: string): boolean {
  return SCHEME.test(text) || text.startsWith("/");
}

function hasDotSegment(text: string): boolean {
  return /\/\.{1,2}(?:\/|$)/.test(text);
}

function unusable(text: string, why: string, cause?: unknown): IndexError {
  return new IndexError(`A reference's URL cannot be used: ${why}`, { url: text }, cause);
}
