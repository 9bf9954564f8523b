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
import { confirmingAbsence, isStoreAnswer } from "./stores/absence.ts";
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
import { checkedSend, type Resolve } from "./resolve.ts";
import { s3Store } from "./stores/s3.ts";
import { type OriginSettings, type SettingsEntry, SettingsTable } from "./settings.ts";
import { withSingleFlight } from "./share/single_flight.ts";

export type { OriginSettings };

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
  /** Looks names up, so that their addresses can be checked; unchecked, without it. */
  readonly resolve?: Resolve;
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
 * ever read through the origin returned. What may change unnoticed is kept for `maxAge` seconds.
 *
 * @throws SluiceError `bad-request` for settings or allow-lists that are no URLs
 */
export function originsFor(
  config: OriginsConfig,
): (allow: readonly string[], maxAge?: number) => Origin {
  const settings = new SettingsTable(config.settings ?? {});
  const fetched = fetchSend(config.fetch ?? fetch, config.freshFetch);
  const inside = Object.entries(config.settings ?? {})
    .filter(([_, own]) => own.privateAddresses)
    .map(([prefix, { endpoint }]) => new URL(endpoint ?? prefix).hostname);
  const mayBePrivate = (name: string) =>
    inside.some((host) => name === host || name.endsWith(`.${host}`));
  const send = config.resolve ? checkedSend(fetched, config.resolve, mayBePrivate) : fetched;
  const shared = config.shared ?? globalThis.navigator?.userAgent !== "Cloudflare-Workers";
  const seen = new FirstSeen();
  const hosts = new Map<string, Host>();
  const shares = new Map<string, Origin>();

  /** The store or host of `url`, asked as one that is counted by host. */
  function hostOf(url: CanonicalUrl, entry: SettingsEntry | undefined, allow: PrefixSet): Origin {
    const { authority } = url;
    let host = hosts.get(authority);
    if (host === undefined) hosts.set(authority, host = new Host(authority, { ...config, shared }));
    // a spelling that one reference happens to have must not decide for all
    const store = storeOf(new URL(`${authority}/`), entry, { settings, send, allow });
    const origin = host.origin(store);
    return shared ? withSingleFlight(origin) : origin;
  }

  return (prefixes, maxAge = 0) => {
    const allow = new PrefixSet(prefixes);
    const local = config.files && fileOrigin(config.files, prefixes);
    /** What follows redirects follows this dataset's rules: it is not shared with others. */
    const own = new Map<string, Origin>();
    /** Where each file is read; its URL does not change. */
    const known = new WeakMap<SourceFile, Origin>();

    function find({ url }: SourceFile): Origin {
      if (url.protocol === "file:") {
        if (local) return local;
        throw new OriginError("origin-not-allowed", "This server reads no local files", {
          url: url.href,
        });
      }
      const canonical = canonicalUrl(url);
      const entry = settings.findCanonical(canonical);
      const key = `${canonical.authority} ${entry?.prefix ?? ""}`;
      const group = entry?.settings.redirects?.length ? own : shares;
      let origin = group.get(key);
      if (origin === undefined) group.set(key, origin = hostOf(canonical, entry, allow));
      return origin;
    }
    function originOf(file: SourceFile): Origin {
      let origin = known.get(file);
      if (origin === undefined) known.set(file, origin = find(file));
      return origin;
    }
    const routed: Origin = {
      read: (file, range, options) => originOf(file).read(file, range, options),
      head: (file, options) => originOf(file).head(file, options),
      list: (file, options) => originOf(file).list?.(file, options) ?? Promise.resolve(undefined),
    };
    const same = withDrift(routed, seen);
    const cached = config.chunkCache ? withChunkCache(same, config.chunkCache, { maxAge }) : same;
    return withAllowList(cached, allow);
  };
}

interface StoreParts {
  readonly settings: SettingsTable;
  readonly send: Send;
  readonly allow: PrefixSet;
}

function storeOf(
  url: URL,
  entry: SettingsEntry | undefined,
  { settings, send, allow }: StoreParts,
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
      const address = ({ pathname, search }: URL) => `${url.origin}${pathname}${search}`;
      // a bucket's own host tells in its answers that it is one
      const store = (send: Send) => httpStore(confirmingAbsence(send, isStoreAnswer), address);
      if (!own.redirects?.length) return store(signed(send, headerSign(own)));
      const signOf = (hop: URL) => headerSign(settings.find(hop)?.settings);
      const rules = { places: own.redirects, allow, signOf };
      return store(followRedirects(send, rules));
    }
    default:
      throw new OriginError("origin-not-allowed", `No origin reads ${url.protocol} URLs`, {
        url: url.href,
      });
  }
}
