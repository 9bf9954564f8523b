/** What every handler may use. */

import type { Catalog } from "../src/catalog.ts";
import type { Log } from "../src/log.ts";

/** Made once by `main.ts` or `deploy/worker.ts`. */
export interface GatewayContext {
  readonly catalog: Catalog;
  readonly log: Log;
  /** False while the server is going down. */
  ready(): boolean;
}
