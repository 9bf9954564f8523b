/** The handlers, one a route, as the route table of `handlers/app.ts` takes them. */

import { authorize, bearerToken } from "../src/http/access.ts";
import type { Routes } from "./app.ts";
import type { Dataset } from "../src/catalog/dataset.ts";
import { SluiceError } from "../src/errors.ts";
import { responseWith } from "../src/http/headers.ts";
import { parseStorePath, type StorePath } from "../src/catalog/store_path.ts";
import { catalogJson } from "./catalog.ts";
import { home } from "./console.ts";
import type { GatewayContext } from "./context.ts";
import { health, ready } from "./health.ts";
import { chunkReference } from "./refs.ts";
import { acceptsPage } from "./page.ts";
import { storeKey } from "./store.ts";

export function routes(context: GatewayContext): Routes {
  const { catalog, tokenRate, addressRate } = context;
  const find = (path: string, query?: string) =>
    parseStorePath(path, (id) => catalog.datasets.has(id), query);
  const known = new Set(
    [...catalog.datasets.values()].flatMap(({ config }) => config.tokens ?? []),
  );
  /** The dataset that owns the path, if the request may read it. */
  const locate = (
    request: Request,
    path: string,
    query?: string,
  ): { target: StorePath; dataset: Dataset } => {
    const target = find(path, query);
    if (!target) throw new SluiceError("not-found", "No dataset owns this path");
    const dataset = catalog.get(target.id);
    authorize(dataset.config.tokens, request);
    return { target, dataset };
  };
  return {
    admit: (request, connection) => {
      const now = performance.now();
      const token = tokenRate && bearerToken(request);
      // A token that opens nothing has no rate of its own: clients can make up any number of them.
      if (token !== undefined && known.has(token)) tokenRate?.admit(token, now);
      const address = addressRate && connection?.address;
      if (address !== undefined) addressRate?.admit(address, now);
    },
    home: (request) => home(request, context),
    health,
    ready: () => ready(context),
    catalog: (request) => catalogJson(request, context),
    reference: (request, path) => {
      const { target, dataset } = locate(request, path);
      return chunkReference(dataset, target);
    },
    store: async (request, path, query, connection) => {
      const { target, dataset } = locate(request, path, query);
      if (acceptsPage(request) && await namesNode(dataset, target)) return pageOfNode(path);
      return storeKey(request, dataset, target, connection?.client ?? request, context);
    },
    place: (path) => {
      try {
        const target = find(path);
        if (!target) return {};
        const { tokens } = catalog.get(target.id).config;
        return { dataset: target.id, key: target.key, protected: tokens !== undefined };
      } catch {
        return {}; // the path itself is the fault that is being reported
      }
    },
  };
}

/** Whether a path without a slash at its end is that of a group or an array. */
async function namesNode(
  dataset: Dataset,
  { key, version, view }: StorePath,
): Promise<boolean> {
  if (key === "" || key.endsWith("/")) return false;
  const store = await dataset.store(version, view);
  return await store.node(key) !== undefined;
}

/** Leads a browser to a node's page. Not to be kept: for Zarr clients there is no such key. */
function pageOfNode(path: string): Response {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return responseWith(null, [
    ["location", `./${name}/`],
    ["cache-control", "no-store"],
    ["vary", "Accept"],
  ], 303);
}
