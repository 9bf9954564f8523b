/**
 * Every origin of the server: one `Origin` a dataset, which finds the store or host of each URL.
 *
 * A read passes these layers, outermost first: allow-list (a dataset's own), chunk cache, drift, single
 * flight, resume, deadline, retry, breaker, limit, and then the store
 * itself. What counts reads is kept by host and shared by all datasets.
 */

import type { ByteCache } from "../byte_cache.ts";
import { OriginError } from "../errors.ts";
import type { Log } from "../log.ts";
import { PrefixSet, withAllowList } from "./allow_list.ts";
import { azureOrigin, isAzureBlobHost } from "./stores/azure.ts";
import { Breaker, withBreaker } from "./breaker.ts";
import { canonicalScheme, type CanonicalUrl, canonicalUrl } from "./canonical_url.ts";
import { withChunkCache } from "./share/chunk_cache.ts";
import { headerSign, signed } from "./credentials.ts";
import { Deadlines, withDeadline } from "./deadline.ts";
import { FirstSeen, withDrift } from "./share/drift.ts";
import { fileOrigin } from "./stores/file.ts";
import type { FileAccess } from "./stores/file_access.ts";
import { gcsOrigin } from "./stores/gcs.ts";
import { fetchSend, httpOrigin, type Send } from "./stores/http.ts";
import { Limit, withLimit } from "./limit.ts";
import type { Origin } from "./origin.ts";
import { StreamWatch, withResume } from "./resume.ts";
import { followRedirects } from "./redirect.ts";
import { RetryBudget, withRetry } from "./retry.ts";
import { s3Origin } from "./stores/s3.ts";
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

/** What is counted by host, whichever dataset reads. */
interface HostState {
  readonly limit: Limit;
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
  readonly watch: StreamWatch | undefined;
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
  const deadlines = new Deadlines(config.requestTimeoutMs);
  const hosts = new Map<string, HostState>();
  const stacks = new Map<string, Origin>();
  const stackOfPlace = new WeakMap<CanonicalUrl, Origin>();

  function hostState(host: string): HostState {
    let state = hosts.get(host);
    if (state === undefined) {
      state = {
        limit: new Limit(
          config.concurrentPerOrigin,
          config.concurrentPerOrigin * 16,
          // a body is taken at once and read in `requestTimeoutMs`: one this old was forgotten
          config.requestTimeoutMs * 3,
        ),
        budget: new RetryBudget(),
        breaker: new Breaker(undefined, (open) => {
          config.log?.(open ? "origin-down" : "origin-back", { origin: host });
        }),
        watch: shared ? new StreamWatch(config.requestTimeoutMs) : undefined,
      };
      hosts.set(host, state);
    }
    return state;
  }

  function layered(store: Origin, host: string): Origin {
    const { limit, budget, breaker, watch } = hostState(host);
    const limited = withLimit(store, limit);
    const timed = withDeadline(
      withRetry(shared ? withBreaker(limited, breaker) : limited, budget),
      shared ? deadlines : () => new Deadlines(config.requestTimeoutMs),
    );
    const resumed = withResume(timed, watch, config.log);
    if (!shared) return resumed;
    return withSingleFlight(resumed);
  }

  /** The store or host of `url`, with its layers. */
  function stackOf(url: URL): Origin {
    const canonical = canonicalUrl(url);
    const known = stackOfPlace.get(canonical);
    if (known) return known;
    const entry = settings.findCanonical(canonical);
    const key = `${canonical.authority} ${entry?.prefix ?? ""}`;
    let stack = stacks.get(key);
    if (stack === undefined) {
      const store = storeOf(url, entry, settings, send);
      stack = layered(store, canonical.authority);
      stacks.set(key, stack);
    }
    stackOfPlace.set(canonical, stack);
    return stack;
  }

  return (allow) => {
    const local = config.files && fileOrigin(config.files, allow);
    const originOf = (url: URL): Origin => {
      if (url.protocol !== "file:") return stackOf(url);
      if (local) return local;
      throw new OriginError("origin-not-allowed", "This server reads no local files", {
        url: url.href,
      });
    };
    const routed: Origin = {
      read: (file, range, options) => originOf(file.url).read(file, range, options),
      head: (file, options) => originOf(file.url).head(file, options),
      list: (file, options) =>
        originOf(file.url).list?.(file, options) ?? Promise.resolve(undefined),
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
): Origin {
  const own = entry?.settings ?? {};
  switch (canonicalScheme(url.protocol)) {
    case "s3:":
      return s3Origin(url.host, own, send);
    case "gs:":
      return gcsOrigin(url.host, own, send);
    case "az:":
    case "abfs:":
      return azureOrigin(url, own, send);
    case "http:":
    case "https:": {
      if (isAzureBlobHost(url.hostname)) return azureOrigin(url, own, send);
      if (!own.redirects?.length) return httpOrigin(signed(send, headerSign(own)));
      const signOf = (hop: URL) => headerSign(table.find(hop)?.settings);
      return httpOrigin(followRedirects(send, { hosts: own.redirects, signOf }));
    }
    default:
      throw new OriginError("origin-not-allowed", `No origin reads ${url.protocol} URLs`, {
        url: url.href,
      });
  }
}
