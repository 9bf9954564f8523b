/** `/-/catalog.json`: the datasets, without where their indexes lie. */

import type { Dataset } from "../src/catalog.ts";
import { entityTag } from "../src/entity_tag.ts";
import { respond } from "../src/representation.ts";
import type { GatewayContext } from "./context.ts";

/** One dataset as the catalog tells it. */
export interface CatalogEntry {
  readonly title?: string;
  readonly description?: string;
  readonly license?: string;
  readonly format?: string;
  /** Seconds for which an answer may be reused. */
  readonly maxAge: number;
  /** True if it takes a bearer token to read it. */
  readonly protected?: true;
  /** Where the store's root is, relative to the server's root. */
  readonly href: string;
}

/** The catalog's entry of a dataset. */
export function catalogEntry(dataset: Dataset): CatalogEntry {
  const { title, description, license, format, maxAge } = dataset.config;
  const isProtected = dataset.config.tokens ? { protected: true as const } : {};
  return { title, description, license, format, maxAge, ...isProtected, href: `/${dataset.id}/` };
}

/** `{"datasets": {id: entry}}` as JSON. */
export function catalogJson(request: Request, context: GatewayContext): Promise<Response> {
  const datasets = Object.fromEntries(
    [...context.catalog.datasets.values()].map((dataset) => [dataset.id, catalogEntry(dataset)]),
  );
  const bytes = new TextEncoder().encode(JSON.stringify({ datasets }, null, 2));
  return respond(request, {
    etag: entityTag(bytes),
    contentType: "application/json",
    cacheControl: "public, max-age=60",
    headers: [["vary", "Accept"]],
    length: bytes.length,
    open: (range) =>
      Promise.resolve(
        range ? bytes.subarray(range.offset, range.offset + range.length) : bytes,
      ),
  });
}
