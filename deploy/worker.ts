/**
 * The gateway on Cloudflare Workers (and anything else with a module worker's `fetch`).
 *
 * The catalog is the text binding `CATALOG`; its `$NAME` values are other text bindings.
 */

import { parseCatalog } from "../src/catalog/catalog_file.ts";
import { jsonLog } from "../src/log.ts";
import { createGateway, type Gateway } from "./gateway.ts";

/** The Worker's bindings: `CATALOG`, and one text a credential. */
export type WorkerEnvironment = Readonly<Record<string, string | undefined>>;

// An isolate keeps the opened indexes between requests; a change of bindings starts a new isolate.
let gateway: Gateway | undefined;

/** The module worker: all of the gateway behind one `fetch`. */
export default {
  /** Answers one request. */
  fetch(request: Request, environment: WorkerEnvironment): Response | Promise<Response> {
    gateway ??= createGateway(
      parseCatalog(environment.CATALOG ?? '{"datasets": {}}', (name) => environment[name]),
      new URL("/", request.url),
      { log: jsonLog((line) => console.error(line)), shared: false },
    );
    const address = request.headers.get("cf-connecting-ip") ?? undefined;
    return gateway.fetch(request, { address });
  },
};
