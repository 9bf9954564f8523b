/** The wiring that `main.ts` and `deploy/worker.ts` share: a catalog file becomes a fetch handler. */

import { routes } from "../handlers/mod.ts";
import { openManifest } from "../manifests/mod.ts";
import { type Connection, createApp } from "../handlers/app.ts";
import { ByteCache } from "../src/byte_cache.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import { type ChunkLimits, type ChunkMemory, chunkMemory } from "../src/chunk/memory.ts";
import type { CatalogConfig } from "../src/catalog/catalog_file.ts";
import { ClientWatch } from "../src/http/client_watch.ts";
import { type Log, withoutSecrets } from "../src/log.ts";
import { secretsOf } from "../src/origin/credentials.ts";
import type { FileAccess } from "../src/origin/stores/file_access.ts";
import { originsFor } from "../src/origin/mod.ts";
import type { Resolve } from "../src/origin/resolve.ts";
import { RateLimit } from "../src/http/rate_limit.ts";

export interface Platform {
  readonly log: Log;
  /** Local files; without it every `file:` URL is refused. */
  readonly files?: FileAccess;
  /** False where requests may not touch each other's I/O (a Worker). */
  readonly shared?: boolean;
  /** Opens connections to origins in place of the runtime's own. */
  readonly fetch?: typeof fetch;
  readonly resolve?: Resolve;
  /** The same, but never over a connection that was kept from an earlier read. */
  readonly freshFetch?: typeof fetch;
}

export interface Gateway {
  /** The datasets; an index is opened when a request first needs it. */
  readonly catalog: Catalog;
  readonly chunks: ChunkMemory;
  /** Answers one request; a fault becomes a problem document. */
  fetch(request: Request, connection: Connection): Response | Promise<Response>;
  /** From now on `/-/ready` says that the server is stopping. */
  stop(): void;
}

/**
 * Makes a gateway; opens nothing yet.
 *
 * @param base what relative URLs of the catalog are relative to
 */
export function createGateway(config: CatalogConfig, base: URL, platform: Platform): Gateway {
  const { indexCacheBytes, chunkCacheBytes, concurrentPerOrigin, requestTimeoutMs } = config.limits;
  const shared = platform.shared ?? true;
  const chunkCache = chunkCacheBytes > 0 ? new ByteCache(chunkCacheBytes) : undefined;
  const chunks = chunkMemory(
    { ...(shared ? SERVER : WORKER), ...config.limits },
    shared,
    chunkCache,
  );
  const tokens = Object.values(config.datasets).flatMap((dataset) => dataset.tokens ?? []);
  const log = withoutSecrets(platform.log, [...secretsOf(config.origins), ...tokens]);
  const origins = originsFor({
    settings: config.origins,
    concurrentPerOrigin,
    requestTimeoutMs,
    files: platform.files,
    shared: platform.shared,
    fetch: platform.fetch,
    freshFetch: platform.freshFetch,
    resolve: platform.resolve,
    log,
    chunkCache,
  });
  const catalog = new Catalog(config, base, {
    openManifest,
    originFor: origins,
    cache: new ByteCache(indexCacheBytes),
    log,
  });
  let stopping = false;
  const { requestsPerSecondPerToken, requestsPerSecondPerAddress } = config.limits;
  const context = {
    catalog,
    log,
    ready: () => !stopping,
    clients: shared ? new ClientWatch() : undefined,
    chunks,
    tokenRate: rate(requestsPerSecondPerToken),
    addressRate: rate(requestsPerSecondPerAddress),
  };
  const app = createApp(routes(context), log);
  return {
    catalog,
    chunks,
    fetch: (request, connection) => app.fetch(request, connection),
    stop: () => {
      stopping = true;
    },
  };
}

/** What a server takes where its catalog does not say. */
const SERVER: ChunkLimits = {
  responseBytes: 256 * 2 ** 20,
  decodeBytes: 256 * 2 ** 20,
  maxChunkBytes: 2 ** 30,
};
/** The same in a Worker, whose isolate has 128 MiB for everything. */
const WORKER: ChunkLimits = {
  responseBytes: 32 * 2 ** 20,
  decodeBytes: 32 * 2 ** 20,
  maxChunkBytes: 128 * 2 ** 20,
};

function rate(perSecond: number | undefined): RateLimit | undefined {
  return perSecond === undefined ? undefined : new RateLimit(perSecond);
}
