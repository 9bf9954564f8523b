/** What every handler may use. */

import type { Catalog } from "../src/catalog.ts";
import type { ClientWatch } from "../src/client_watch.ts";
import type { Log } from "../src/log.ts";
import type { RateLimit } from "../src/rate_limit.ts";

/** Made once by `main.ts` or `deploy/worker.ts`. */
export interface GatewayContext {
  readonly catalog: Catalog;
  readonly log: Log;
  /** False while the server is going down. */
  ready(): boolean;
  /** Undefined where requests may not share timers (a Worker). */
  readonly clients?: ClientWatch;
  /** Rates a bearer token and a client's address may ask at; undefined: as often as they like. */
  readonly tokenRate?: RateLimit;
  readonly addressRate?: RateLimit;
}
