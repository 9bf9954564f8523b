/** `/-/catalog.json`: the datasets, without where their indexes lie. */

import type { Dataset } from "../src/catalog/catalog.ts";
import { entityTag } from "../src/http/entity_tag.ts";
import { memoryRepresentation, respond } from "../src/http/representation.ts";
import type { GatewayContext } from "./context.ts";
import { type VersionLink, versionLinks } from "./versions.ts";

/** One dataset as the catalog tells it. */
export interface CatalogEntry {
  /** What people call it; its id does where there is none. */
  readonly title?: string;
  /** What it holds, as text. */
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
  /** Its branches and tags, where the index has some and everybody may see them. */
  readonly versions?: readonly VersionLink[];
}

/** The catalog's entry of a dataset. */
function catalogEntry(dataset: Dataset, versions: VersionLink[] | undefined): CatalogEntry {
  const { title, description, license, format, maxAge, tokens } = dataset.config;
  return {
    title,
    description,
    license,
    format,
    maxAge,
    protected: tokens ? true : undefined,
    href: `/${dataset.id}/`,
    versions,
  };
}

/** Milliseconds that the catalog waits for an index to tell its versions. */
const VERSIONS_PATIENCE_MS = 3000;

/** `{"datasets": {id: entry}}` as JSON. */
export async function catalogJson(request: Request, context: GatewayContext): Promise<Response> {
  const entries = [...context.catalog.datasets.values()].map(async (dataset) => {
    const versions = await versionsInTime(dataset, context);
    return [dataset.id, catalogEntry(dataset, versions)] as const;
  });
  const datasets = Object.fromEntries(await Promise.all(entries));
  const bytes = new TextEncoder().encode(JSON.stringify({ datasets }, null, 2));
  const document = memoryRepresentation(bytes, {
    etag: entityTag(bytes),
    contentType: "application/json",
    cacheControl: "public, max-age=60",
    headers: [["vary", "Accept"]],
  });
  return await respond(request, document);
}

/**
 * The branches and tags of a dataset; undefined if it has none, if only some may see them, or if its
 * index does not tell in time: the catalog does not fail with one of its datasets.
 */
async function versionsInTime(
  dataset: Dataset,
  { log }: GatewayContext,
): Promise<VersionLink[] | undefined> {
  const { format, tokens } = dataset.config;
  if (tokens !== undefined || (format !== undefined && format !== "icechunk")) return undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), VERSIONS_PATIENCE_MS);
  });
  const asked = dataset.manifest().then((manifest) => versionLinks(dataset.id, manifest)).catch(
    (error) => {
      log("versions-unknown", { dataset: dataset.id }, error);
      return undefined;
    },
  );
  const links = await Promise.race([asked, late]);
  clearTimeout(timer);
  const named = links?.filter(({ kind }) => kind !== "snapshot");
  return named?.length ? named : undefined;
}
