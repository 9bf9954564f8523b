/**
 * Every origin of the server: one `Origin` a dataset, which finds the store or host of each URL.
 *
 * A read passes the dataset's allow-list, the chunk cache, the watch for files that change, the sharing
 * of reads that are under way, the host, and its store. Hosts are shared by all datasets.
 */

import type { ByteCache } from "../byte_cache.ts";
import { OriginError } from "../errors.ts";
import type { Log } from "../log.ts";
import { PrefixSet, withAllowList } from "./allow_list.ts";
import { azureStore, isAzureBlobHost } from "./stores/azure.ts";
import { canonicalScheme, type CanonicalUrl, canonicalUrl } from "./canonical_url.ts";
import { withChunkCache } from "./share/chunk_cache.ts";
import { headerSign, signed } from "./credentials.ts";
import { Host } from "./host.ts";
import { FirstSeen, withDrift } from "./share/drift.ts";
import { fileOrigin } from "./stores/file.ts";
import type { FileAccess } from "./stores/file_access.ts";
import { gcsStore } from "./stores/gcs.ts";
import { httpStore } from "./stores/http.ts";
import type { Origin } from "./origin.ts";
import { fetchSend, type Send } from "./send.ts";
import type { SourceFile } from "./source_file.ts";
import type { Store } from "./store.ts";
import { followRedirects } from "./redirect.ts";
import { s3Store } from "./stores/s3.ts";
import { type OriginSettings, type SettingsEntry, SettingsTable } from "./settings.ts";
import { withSingleFlight } from "./share/single_flight.ts";

export type { OriginSettings };

/** What all origins of a server are made from. */
export interface OriginsConfig {
  /** URL prefix → settings: the catalog's `origins`. The longest prefix that matches counts. */
  readonly settings?: Readonly<Record<string, OriginSettings>>;
  /** Reads of one host that may be under way. */
  readonly concurrentPerOrigin: number;
  /** Milliseconds until a read has its headers, retries included; and again until its last byte. */
  readonly requestTimeoutMs: number;
  /** Local files; without it, `file:` URLs are refused. */
  readonly files?: FileAccess;
  /** In place of the runtime's own. */
  readonly fetch?: typeof fetch;
  /** {@link fetch} over a connection of its own, for reads that failed on one that was kept. */
  readonly freshFetch?: typeof fetch;
  /** Told of hosts that go down and come back. */
  readonly log?: Log;
  /** Where chunks that are read repeatedly are kept; none are, without it. */
  readonly chunkCache?: ByteCache;
  /**
   * False where requests may not touch each other's I/O: no shared timers, no single flight, no
   * breaker. The default in a Cloudflare Worker.
   */
  readonly shared?: boolean;
}

/**
 * Makes the datasets' origins. `allow` holds exact URLs and, ending in `/`, prefixes: nothing else is
 * ever read through the origin returned.
 *
 * @throws SluiceError `bad-request` for settings or allow-lists that are no URLs
 */
export function originsFor(config: OriginsConfig): (allow: readonly string[]) => Origin {
  const settings = new SettingsTable(config.settings ?? {});
  const send = fetchSend(config.fetch ?? fetch, config.freshFetch);
  const shared = config.shared ?? globalThis.navigator?.userAgent !== "Cloudflare-Workers";
  const seen = new FirstSeen();
  const hosts = new Map<string, Host>();
  const stacks = new Map<string, Origin>();
  const stackOfPlace = new WeakMap<CanonicalUrl, Origin>();

  function hostOf(name: string): Host {
    let host = hosts.get(name);
    if (host === undefined) hosts.set(name, host = new Host(name, { ...config, shared }));
    return host;
  }

  /** The store or host of `url`, with its layers. */
  function stackOf({ url }: SourceFile): Origin {
    const canonical = canonicalUrl(url);
    const known = stackOfPlace.get(canonical);
    if (known) return known;
    const entry = settings.findCanonical(canonical);
    const key = `${canonical.authority} ${entry?.prefix ?? ""}`;
    let stack = stacks.get(key);
    if (stack === undefined) {
      stack = hostOf(canonical.authority).origin(storeOf(url, entry, settings, send));
      if (shared) stack = withSingleFlight(stack);
      stacks.set(key, stack);
    }
    stackOfPlace.set(canonical, stack);
    return stack;
  }

  return (allow) => {
    const local = config.files && fileOrigin(config.files, allow);
    const originOf = (file: SourceFile): Origin => {
      const { url } = file;
      if (url.protocol !== "file:") return stackOf(file);
      if (local) return local;
      throw new OriginError("origin-not-allowed", "This server reads no local files", {
        url: url.href,
      });
    };
    const routed: Origin = {
      read: (file, range, options) => originOf(file).read(file, range, options),
      head: (file, options) => originOf(file).head(file, options),
      list: (file, options) => originOf(file).list?.(file, options) ?? Promise.resolve(undefined),
    };
    const same = withDrift(routed, seen);
    const cached = config.chunkCache ? withChunkCache(same, config.chunkCache) : same;
    return withAllowList(cached, new PrefixSet(allow));
  };
}

function storeOf(
  url: URL,
  entry: SettingsEntry | undefined,
  table: SettingsTable,
  send: Send,
): Store {
  const own = entry?.settings ?? {};
  switch (canonicalScheme(url.protocol)) {
    case "s3:":
      return s3Store(url.host, own, send);
    case "gs:":
      return gcsStore(url.host, own, send);
    case "az:":
    case "abfs:":
      return azureStore(url, own, send);
    case "http:":
    case "https:": {
      if (isAzureBlobHost(url.hostname)) return azureStore(url, own, send);
      if (!own.redirects?.length) return httpStore(signed(send, headerSign(own)));
      const signOf = (hop: URL) => headerSign(table.find(hop)?.settings);
      return httpStore(followRedirects(send, { hosts: own.redirects, signOf }));
    }
    default:
      throw new OriginError("origin-not-allowed", `No origin reads ${url.protocol} URLs`, {
        url: url.href,
      });
  }
}
