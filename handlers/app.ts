/**
 * The route table, whole.
 *
 * A request's path: `app.fetch` finds the route here; `handlers/store.ts` asks the catalog for the
 * dataset (longest id wins) and its `Store` for the key; the store asks the `Manifest` where the chunk
 * lives (a `ChunkRef`); `src/chunk/response.ts` makes a rope of it, by the array's `ChunkPlan` (made once
 * an array); `src/http/representation.ts` settles conditions and ranges; the dataset's `Origin` reads
 * exactly the bytes that are left. An error anywhere becomes a problem document in
 * `src/http/problem.ts`. CONTRIBUTING tells the same way module by module.
 */

import { Hono } from "hono";
import { SluiceError } from "../src/errors.ts";
import { preflight } from "../src/http/headers.ts";
import type { Log } from "../src/log.ts";
import { type FaultPlace, problemResponse } from "../src/http/problem.ts";
import { problemFor } from "./problem_page.ts";
import { brokenBody, fillsOnFailure, isChunkKey } from "../src/http/streaming_client.ts";

/** What a route gives. */
export type Answer = Response | Promise<Response>;

/** What `handlers/mod.ts` gives: one function a route. `path` is escaped, as the client sent it. */
export interface Routes {
  /** Counts a request against its rates. @throws SluiceError `rate-limited` */
  admit(request: Request, connection: Connection | undefined): void;
  /** `/`: the console or the catalog, by `Accept`. */
  home(request: Request): Answer;
  /** `/-/health`: 200 while the process answers. */
  health(): Answer;
  /** `/-/ready`: 503 while the server is going down. */
  ready(): Answer;
  /** `/-/catalog.json`: the datasets. */
  catalog(request: Request): Answer;
  /** `/-/refs/{id}/…`: where a chunk's bytes are; `path` starts with the id. */
  reference(request: Request, path: string): Answer;
  /** `/{id}/…`: a key of a dataset's store, or a listing. @param query what stands behind a `?` */
  store(request: Request, path: string, query: string, connection?: Connection): Answer;
  /** The dataset and key that a path names, for problem documents. */
  place(path: string): FaultPlace;
}

/** What the platform knows of a request besides itself. */
export interface Connection {
  /** The client's address, without port. May cost a look: read it only where it is needed. */
  readonly address?: string;
  /** Aborts once the client has left; undefined: the request's own signal does. */
  readonly client?: { readonly signal: AbortSignal };
}

export interface App {
  /** Answers one request; what is thrown on the way becomes a problem document. */
  fetch(request: Request, connection?: Connection): Answer;
}

/** Characters of a URL, escapes and all. A key is kept as long as what it names. */
const MAX_URL_LENGTH = 4096;

/** Paths that say whether the gateway lives. */
const PROBES = new Set(["/-/health", "/-/ready"]);

/** Puts the handlers behind their routes. */
export function createApp(routes: Routes, log: Log): App {
  const app = new Hono<{ Bindings: Connection }>({ getPath: (request) => pathOf(request.url) });
  app.use(async (c, next) => {
    const { method } = c.req.raw;
    if (method === "OPTIONS") return preflight();
    if (method !== "GET" && method !== "HEAD") {
      throw new SluiceError("method-not-allowed", `Cannot answer ${method}`);
    }
    // who asks for life and readiness is answered however many others ask from the same address
    if (!PROBES.has(c.req.path)) routes.admit(c.req.raw, c.env);
    if (c.req.url.length > MAX_URL_LENGTH) {
      throw new SluiceError("key-too-long", `A URL has ${MAX_URL_LENGTH} characters at most`);
    }
    await next();
  });
  app.get("/", (c) => routes.home(c.req.raw));
  app.get("/-/health", () => routes.health());
  app.get("/-/ready", () => routes.ready());
  app.get("/-/catalog.json", (c) => routes.catalog(c.req.raw));
  app.get("/-/refs/*", (c) => routes.reference(c.req.raw, c.req.path.slice("/-/refs".length)));
  app.get("/*", (c) => routes.store(c.req.raw, c.req.path, queryOf(c.req.url), c.env));
  app.notFound((c) => {
    const fault = new SluiceError("not-found", "No such route");
    return problemFor(c.req.raw, problemResponse(fault, routes.place(c.req.path), log));
  });
  app.onError((error, c) => {
    const place = c.req.url.length > MAX_URL_LENGTH ? {} : routes.place(c.req.path);
    const problem = problemResponse(error, place, log);
    const fills = problem.status !== 404 && isChunkKey(place.key) && fillsOnFailure(c.req.raw);
    return fills ? brokenBody(problem) : problemFor(c.req.raw, problem);
  });
  return app;
}

/** The escaped path of a URL, without its query. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.slice(start).search(/[?#]/);
  return start < 0 ? "/" : end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** What stands behind the `?` of a URL, escaped. */
function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start + 1);
}
