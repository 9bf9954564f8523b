/** The wiring that `main.ts` and `deploy/worker.ts` share: a catalog file becomes a fetch handler. */

import { routes } from "../handlers/mod.ts";
import { openManifest } from "../manifests/mod.ts";
import { createApp } from "../src/app.ts";
import { ByteCache } from "../src/byte_cache.ts";
import { Catalog } from "../src/catalog.ts";
import type { CatalogConfig } from "../src/catalog_file.ts";
import type { Log } from "../src/log.ts";
import { type FileAccess, originsFor } from "../src/origin/mod.ts";

/** What the platform gives. */
export interface Platform {
  readonly log: Log;
  /** Local files; without it every `file:` URL is refused. */
  readonly files?: FileAccess;
}

/** A gateway: its catalog and its fetch handler. */
export interface Gateway {
  readonly catalog: Catalog;
  fetch(request: Request): Response | Promise<Response>;
  /** From now on `/-/ready` says that the server is stopping. */
  stop(): void;
}

/**
 * Makes a gateway; opens nothing yet.
 *
 * @param base what relative URLs of the catalog are relative to
 */
export function createGateway(config: CatalogConfig, base: URL, platform: Platform): Gateway {
  const { indexCacheBytes, concurrentPerOrigin, requestTimeoutMs } = config.limits;
  const origins = originsFor({
    settings: config.origins,
    concurrentPerOrigin,
    requestTimeoutMs,
    files: platform.files,
    log: platform.log,
  });
  const catalog = new Catalog(config, base, {
    openManifest,
    originFor: (allow) => origins(allow),
    cache: new ByteCache(indexCacheBytes),
  });
  let stopping = false;
  const context = { catalog, log: platform.log, ready: () => !stopping };
  const app = createApp(routes(context), platform.log);
  return {
    catalog,
    fetch: (request) => app.fetch(request),
    stop: () => {
      stopping = true;
    },
  };
}
