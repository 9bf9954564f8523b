/** The text of a reference as a URL whose path still holds it exactly. */

import { OriginError } from "../errors.ts";
import { isObjectStore } from "./canonical_url.ts";

/**
 * The URL of `text` as kerchunk and fsspec write references: keys of object stores and local paths
 * are plain text, in which `%`, `?`, `#`, spaces and `+` mean themselves, so they are escaped here;
 * HTTP URLs are URLs. Text without a scheme is a local path if it starts with `/`, else relative to
 * `base`.
 *
 * (Icechunk writes real URLs for all of them: use `new URL(text)` there.)
 *
 * @throws OriginError `origin-not-allowed` for text that is no URL, or that would lead elsewhere than
 * it says (dot segments in a key, `%2e` in a local path)
 */
export function referenceUrl(text: string, base: URL): URL {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) {
    if (text.startsWith("/")) return localUrl(text, text);
    const relative = base.protocol === "file:" || isObjectStore(base.protocol)
      ? escapePath(text)
      : text;
    return parsed(text, relative.replace(/^(?=[^/]*:)/, "./"), base);
  }
  if (scheme === "file") {
    return localUrl(text, text.slice("file:".length).replace(/^\/\/(?=\/)/, ""));
  }
  if (!isObjectStore(`${scheme}:`)) return parsed(text, text);
  const place = /^[^:]+:\/\/([^/]*)(\/.*)?$/s.exec(text);
  if (!place) throw refusal(text);
  const [, host, key = "/"] = place;
  if (hasDotSegment(key)) throw refusal(text);
  return parsed(text, `${scheme}://${host}${escapePath(key)}`);
}

function localUrl(text: string, path: string): URL {
  if (hasDotSegment(path) || /%2e/i.test(path) || !/^\/(?!\/)/.test(path)) throw refusal(text);
  return parsed(text, `file://${escapePath(path)}`);
}

function hasDotSegment(path: string): boolean {
  return /(?:^|\/)\.{1,2}(?:\/|$)/.test(path);
}

function escapePath(path: string): string {
  return path.replace(/[%?#\\\s]/g, (c) => encodeURIComponent(c));
}

function parsed(text: string, url: string, base?: URL): URL {
  // the parser would drop these silently
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text) || !URL.canParse(url, base)) throw refusal(text);
  return new URL(url, base);
}

function refusal(text: string): OriginError {
  return new OriginError("origin-not-allowed", "A reference is no usable URL", { url: text });
}
