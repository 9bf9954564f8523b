/**
 * Consolidated metadata: a hierarchy in one document, inline in a v3 group's `zarr.json` and as v2's
 * `.zmetadata`. Without it GDAL finds no arrays over HTTP, and xarray opens an empty dataset.
 * Source: FORMATS 4.7; zarr-python's `zarr.core.group.ConsolidatedMetadata`.
 */

import type { JsonObject } from "../json.ts";
import type { ArrayMetadata, GroupMetadata } from "./metadata.ts";

/** A node below a group: its path from that group, without slashes at its ends, and its metadata. */
export type Descendant = readonly [path: string, metadata: ArrayMetadata | GroupMetadata];

/** A node in v2 terms: its path and the text of its documents; without `zarray` it is a group. */
export type V2Descendant = readonly [
  path: string,
  documents: { readonly zarray?: string; readonly zattrs?: string },
];

/**
 * The `zarr.json` of `group` with all its descendants inline, groups too, by depth and then name.
 * Serve the same for each group below it, with the descendants of that group.
 */
export function consolidatedGroup(
  group: GroupMetadata,
  descendants: Iterable<Descendant>,
): JsonObject {
  const metadata = Object.fromEntries(sorted(descendants));
  return {
    ...group as unknown as JsonObject,
    attributes: group.attributes ?? {},
    consolidated_metadata: {
      kind: "inline",
      must_understand: false,
      metadata: metadata as unknown as JsonObject,
    },
  };
}

/**
 * The `.zmetadata` of a group with these nodes, itself among them with the path `""`. Their documents
 * stand in it as they are: a reader that finds `NaN` in the one and `"NaN"` in the other would mask
 * otherwise.
 */
export function zmetadata(nodes: Iterable<V2Descendant>): string {
  const entries: string[] = [];
  for (const [path, { zarray, zattrs }] of sorted(nodes)) {
    const key = (name: string) => JSON.stringify(path === "" ? name : `${path}/${name}`);
    entries.push(
      zarray === undefined ? `${key(".zgroup")}:{"zarr_format":2}` : `${key(".zarray")}:${zarray}`,
      `${key(".zattrs")}:${zattrs ?? "{}"}`,
    );
  }
  return `{"zarr_consolidated_format":1,"metadata":{${entries.join(",")}}}`;
}

/** Parents before children, so that a reader can build the hierarchy in one pass. */
function sorted<T extends readonly [path: string, unknown]>(nodes: Iterable<T>): T[] {
  return [...nodes]
    .map((node) => ({ node, depth: node[0] === "" ? 0 : node[0].split("/").length }))
    .sort((a, b) => a.depth - b.depth || (a.node[0] < b.node[0] ? -1 : 1))
    .map(({ node }) => node);
}
