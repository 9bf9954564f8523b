/**
 * The route table, whole.
 *
 * A request's path: `app.fetch` finds the route here; `handlers/store.ts` asks the catalog for the
 * dataset (longest id wins) and its `Store` for the key; the store asks the `Manifest` where the
 * chunk lives (a `ChunkRef`) and how it is served (a `ChunkPlan`, made once an array); the dataset's
 * `Origin` reads exactly those bytes; `src/representation.ts` settles conditions and ranges and
 * sends them on. An error anywhere becomes a problem document in `src/problem.ts`.
 */

import { Hono } from "hono";
import { SluiceError } from "./errors.ts";
import { preflight } from "./http_headers.ts";
import type { Log } from "./log.ts";
import { type FaultPlace, problemResponse } from "./problem.ts";

type Answer = Response | Promise<Response>;

/** What `handlers/mod.ts` gives: one function a route. `path` is escaped, as the client sent it. */
export interface Routes {
  /** Counts a request against its rates. @throws SluiceError `rate-limited` */
  admit(request: Request, connection: Connection | undefined): void;
  home(request: Request): Answer;
  health(): Answer;
  ready(): Answer;
  catalog(request: Request): Answer;
  reference(request: Request, path: string): Answer;
  store(request: Request, path: string): Answer;
  /** The dataset and key that a path names, for problem documents. */
  place(path: string): FaultPlace;
}

/** What the platform knows of a request besides itself. */
export interface Connection {
  /** The client's address, without port. May cost a look: read it only where it is needed. */
  readonly address?: string;
}

/** The gateway as a fetch handler. */
export function createApp(routes: Routes, log: Log): Hono<{ Bindings: Connection }> {
  const app = new Hono<{ Bindings: Connection }>({ getPath: (request) => pathOf(request.url) });
  app.use(async (c, next) => {
    const { method } = c.req.raw;
    if (method === "OPTIONS") return preflight();
    if (method !== "GET" && method !== "HEAD") {
      throw new SluiceError("method-not-allowed", `Cannot answer ${method}`);
    }
    routes.admit(c.req.raw, c.env);
    await next();
  });
  app.get("/", (c) => routes.home(c.req.raw));
  app.get("/-/health", () => routes.health());
  app.get("/-/ready", () => routes.ready());
  app.get("/-/catalog.json", (c) => routes.catalog(c.req.raw));
  app.get("/-/refs/*", (c) => routes.reference(c.req.raw, c.req.path.slice("/-/refs".length)));
  app.get("/*", (c) => routes.store(c.req.raw, c.req.path));
  app.notFound((c) =>
    problemResponse(new SluiceError("not-found", "No such route"), routes.place(c.req.path), log)
  );
  app.onError((error, c) => problemResponse(error, routes.place(c.req.path), log));
  return app;
}

/** The escaped path of a URL, without its query. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.slice(start).search(/[?#]/);
  return start < 0 ? "/" : end < 0 ? url.slice(start) : url.slice(start, start + end);
}
