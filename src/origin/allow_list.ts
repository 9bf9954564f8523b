/** What a dataset may read: settled from the URL alone, before any socket is opened. */

import type { ByteRange } from "../byte_range.ts";
import { OriginError, SluiceError } from "../errors.ts";
import { type CanonicalUrl, canonicalUrl } from "./canonical_url.ts";
import type { ListEntry, ObjectInfo, Origin, OriginBody, ReadOptions } from "./origin.ts";
import type { SourceFile } from "./source_file.ts";

/** URLs and URL prefixes, compared in canonical form. */
export class PrefixSet {
  readonly #byAuthority = new Map<string, Array<{ path: string; exact?: string }>>();

  /**
   * @param entries an entry that ends in `/` is a prefix, any other is one exact URL
   * @throws SluiceError `bad-request` naming the entry that is no URL
   */
  constructor(readonly entries: readonly string[]) {
    for (const entry of entries) {
      const { authority, path, query } = parseEntry(entry);
      const places = this.#byAuthority.get(authority) ?? [];
      places.push(path.endsWith("/") && query === "" ? { path } : { path, exact: query });
      this.#byAuthority.set(authority, places);
    }
  }

  /** True if `url` is one of the entries or lies below one. @throws OriginError as {@link canonicalUrl} */
  has(url: URL): boolean {
    const { authority, path, query } = canonicalUrl(url);
    return this.#byAuthority.get(authority)?.some((place) =>
      place.exact === undefined
        ? path.startsWith(place.path)
        : path === place.path && query === place.exact
    ) ?? false;
  }

  /** True if an entry is on the host of `url`. @throws OriginError as {@link canonicalUrl} */
  hasHostOf(url: URL): boolean {
    return this.#byAuthority.has(canonicalUrl(url).authority);
  }
}

function parseEntry(entry: string): CanonicalUrl {
  const text = entry.startsWith("/") ? `file://${entry}` : entry;
  if (URL.canParse(text)) return canonicalUrl(new URL(text));
  throw new SluiceError("bad-request", `Cannot use "${entry}" as an origin: it is not a URL`);
}

/**
 * `origin`, reading nothing outside `allow`. A literal address (however it is spelled), like any
 * host, is reached only if an entry names exactly it.
 */
export function withAllowList(origin: Origin, allow: PrefixSet): Origin {
  /** Files that were allowed before; their URLs do not change. */
  const allowed = new WeakSet<SourceFile>();

  function check(file: SourceFile): void {
    if (allowed.has(file)) return;
    const { url } = file;
    if (allow.has(url)) {
      allowed.add(file);
      return;
    }
    throw new OriginError(
      "origin-not-allowed",
      "A reference leads outside the origins that the dataset may read",
      { url: url.href, allowWith: new URL(".", url).href },
    );
  }
  return {
    read(
      file: SourceFile,
      range: ByteRange | undefined,
      options?: ReadOptions,
    ): Promise<OriginBody> {
      // not an async function: every chunk passes here, and one promise less is measurable
      try {
        check(file);
        return origin.read(file, range, options);
      } catch (refusal) {
        return Promise.reject(refusal);
      }
    },
    async head(file: SourceFile, options?: ReadOptions): Promise<ObjectInfo> {
      check(file);
      return await origin.head(file, options);
    },
    async list(folder: SourceFile, options?: ReadOptions): Promise<ListEntry[] | undefined> {
      check(folder);
      return await origin.list?.(folder, options);
    },
  };
}
