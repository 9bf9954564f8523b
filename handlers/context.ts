/** What every handler may use. */

import type { Catalog } from "../src/catalog/catalog.ts";
import type { ChunkMemory } from "../src/chunk/memory.ts";
import type { ClientWatch } from "../src/http/client_watch.ts";
import type { Log } from "../src/log.ts";
import type { RateLimit } from "../src/http/rate_limit.ts";

/** Made once by `main.ts` or `deploy/worker.ts`. */
export interface GatewayContext {
  readonly catalog: Catalog;
  readonly log: Log;
  /** False while the server is going down. */
  ready(): boolean;
  /** What bounds the memory of all chunk answers. */
  readonly chunks: ChunkMemory;
  /** Undefined where requests may not share timers (a Worker). */
  readonly clients?: ClientWatch;
  /** How often one bearer token may ask; undefined: as often as it likes. */
  readonly tokenRate?: RateLimit;
  /** How often one client address may ask; undefined: as often as it likes. */
  readonly addressRate?: RateLimit;
}
