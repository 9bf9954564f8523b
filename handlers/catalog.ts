/** `/-/catalog.json`: the datasets as the catalog file tells them; no index is opened for it. */

import type { Dataset } from "../src/catalog/dataset.ts";
import { entityTag } from "../src/http/entity_tag.ts";
import { memoryRepresentation, respond } from "../src/http/representation.ts";
import type { GatewayContext } from "./context.ts";

/** One dataset as the catalog tells it. */
export interface CatalogEntry {
  /** What people call it; its id does where there is none. */
  readonly title?: string;
  readonly description?: string;
  /** What the data may be used under, as the catalog names it. */
  readonly license?: string;
  /** Name of the index format, where the catalog gives it. */
  readonly format?: string;
  /** Seconds for which an answer may be reused. */
  readonly maxAge: number;
  /** True if it takes a bearer token to read it. */
  readonly protected?: true;
  /** Where the store's root is, relative to the server's root. */
  readonly href: string;
}

function catalogEntry(dataset: Dataset): CatalogEntry {
  const { title, description, license, format, maxAge, tokens } = dataset.config;
  return {
    title,
    description,
    license,
    format,
    maxAge,
    protected: tokens ? true : undefined,
    href: `/${dataset.id}/`,
  };
}

/** `{"datasets": {id: entry}}` as JSON. */
export async function catalogJson(request: Request, context: GatewayContext): Promise<Response> {
  const datasets = Object.fromEntries(
    [...context.catalog.datasets.values()].map((dataset) => [dataset.id, catalogEntry(dataset)]),
  );
  const bytes = new TextEncoder().encode(JSON.stringify({ datasets }, null, 2));
  const document = memoryRepresentation(bytes, {
    etag: entityTag(bytes),
    contentType: "application/json",
    cacheControl: "public, max-age=60",
    headers: [["vary", "Accept"]],
  });
  return await respond(request, document);
}
