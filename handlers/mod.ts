/** The handlers, one a route, as the route table of `src/app.ts` takes them. */

import type { Routes } from "../src/app.ts";
import { SluiceError } from "../src/errors.ts";
import { parseStorePath, type StorePath } from "../src/store_key.ts";
import { catalogJson } from "./catalog.ts";
import { home } from "./console.ts";
import type { GatewayContext } from "./context.ts";
import { health, ready } from "./health.ts";
import { listing } from "./listing.ts";
import { chunkReference } from "./refs.ts";
import { storeKey } from "./store.ts";

/** The handlers around one gateway's catalog. */
export function routes(context: GatewayContext): Routes {
  const { catalog } = context;
  const locate = (path: string): StorePath => {
    const target = parseStorePath(path, (id) => catalog.datasets.has(id));
    if (!target) throw new SluiceError("not-found", "No dataset owns this path");
    return target;
  };
  return {
    home: (request) => home(request, context),
    health,
    ready: () => ready(context),
    catalog: (request) => catalogJson(request, context),
    reference: (_request, path) => chunkReference(catalog, locate(path)),
    store: (request, path) => {
      const target = locate(path);
      const dataset = catalog.get(target.id);
      return target.key === "" || target.key.endsWith("/")
        ? listing(request, dataset, target)
        : storeKey(request, dataset, target);
    },
    place: (path) => {
      try {
        const target = parseStorePath(path, (id) => catalog.datasets.has(id));
        return target ? { dataset: target.id, key: target.key } : {};
      } catch {
        return {}; // the path itself is the fault that is being reported
      }
    },
  };
}
