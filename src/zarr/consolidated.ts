/** Consolidated metadata, of v3 (inline in a group's `zarr.json`) and of v2 (`.zmetadata`). */
import type { JsonObject } from "./json.ts";
import type { ArrayMetadata, GroupMetadata } from "./metadata.ts";

/** A node below the group: its path from that group (no leading slash) and its metadata. */
export type Descendant = readonly [path: string, metadata: ArrayMetadata | GroupMetadata];

/** A node in v2 terms: its path and its documents; without `zarray` it is a group. */
export type V2Descendant = readonly [
  path: string,
  documents: { readonly zarray?: JsonObject; readonly zattrs?: JsonObject },
];

/** The `zarr.json` of `group` with all its descendants inline. */
export function consolidatedGroup(_g: GroupMetadata, _d: Iterable<Descendant>): JsonObject {
  throw new TypeError("being written");
}

/** The `.zmetadata` of a group with these nodes; the group itself has path `""`. */
export function zmetadata(_nodes: Iterable<V2Descendant>): JsonObject {
  throw new TypeError("being written");
}
