/**
 * Consolidated metadata: a hierarchy in one document, inline in a v3 group's `zarr.json`. Without it
 * GDAL finds no arrays over HTTP, and xarray opens an empty dataset.
 * Source: FORMATS 4.7; zarr-python's `zarr.core.group.ConsolidatedMetadata`.
 */

import type { JsonObject } from "../json.ts";
import type { ArrayMetadata, GroupMetadata } from "./metadata.ts";

/** A node that is not shown, and why. */
export interface LeftOut {
  /** As a sentence goes on behind the node's name. */
  readonly leftOut: string;
}

/** A node below a group: its path from that group, without slashes at its ends, and its metadata. */
export type Descendant = readonly [path: string, metadata: ArrayMetadata | GroupMetadata | LeftOut];

/** The attribute of a group that names what is left out below it: a line of text each, as NetCDF can keep. */
const LEFT_OUT = "sluice:left_out";

/**
 * The `zarr.json` of `group` with all its descendants inline, groups too. Serve the same for each group
 * below it, with the descendants of that group.
 */
export function consolidatedGroup(
  group: GroupMetadata,
  descendants: Iterable<Descendant>,
): JsonObject {
  const shown: Array<[string, ArrayMetadata | GroupMetadata]> = [];
  const reasons: Array<[string, string]> = [];
  for (const [path, metadata] of descendants) {
    if ("leftOut" in metadata) reasons.push([path, metadata.leftOut]);
    else shown.push([path, metadata]);
  }
  const metadata = Object.fromEntries(
    sorted(shown).map(([path, node]) => [path, withLeftOut(node, `${path}/`, reasons)]),
  );
  return {
    ...withLeftOut(
      { ...group, attributes: group.attributes ?? {} },
      "",
      reasons,
    ) as unknown as JsonObject,
    consolidated_metadata: {
      kind: "inline",
      must_understand: false,
      metadata: metadata as unknown as JsonObject,
    },
  };
}

/** True if a node's path has a space in it. */
export function hasSpaces(descendants: Iterable<Descendant>): boolean {
  for (const [path] of descendants) if (path.includes(" ")) return true;
  return false;
}

/**
 * A group's `zarr.json` with `%20` for each space of its nodes' names. GDAL puts names into URLs as they
 * stand, refuses to send a URL with a space, and takes the chunk for absent: it reads zeros.
 */
export function withoutSpaces(document: JsonObject): JsonObject {
  const { consolidated_metadata: consolidated, ...group } = document;
  const { metadata, ...rest } = consolidated as { readonly metadata: JsonObject };
  const nodes = Object.entries(metadata as Readonly<Record<string, JsonObject>>);
  const renamed = nodes.map(([path, node]) => {
    // A coordinate variable has the name of its dimension.
    const names = node.dimension_names as ReadonlyArray<string | null> | undefined;
    const dimensions = names && { dimension_names: names.map((name) => name && escaped(name)) };
    return [escaped(path), { ...node, ...dimensions }];
  });
  return { ...group, consolidated_metadata: { ...rest, metadata: Object.fromEntries(renamed) } };
}

function escaped(name: string): string {
  return name.replaceAll(" ", "%20");
}

/** A group with an attribute for what is left out below `prefix`; an array as it is. */
function withLeftOut(
  metadata: ArrayMetadata | GroupMetadata,
  prefix: string,
  reasons: ReadonlyArray<readonly [path: string, why: string]>,
): ArrayMetadata | GroupMetadata {
  if (metadata.node_type === "array" || reasons.length === 0) return metadata;
  const lines = reasons.filter(([path]) => path.startsWith(prefix))
    .map(([path, why]) => `${path.slice(prefix.length)}: ${why}`);
  if (lines.length === 0) return metadata;
  return { ...metadata, attributes: { ...metadata.attributes, [LEFT_OUT]: lines.join("\n") } };
}

/**
 * Parents before children, so that a reader can build the hierarchy in one pass; of one depth the grid
 * mappings first, because GDAL knows no CRS for an array that stands before its own; then by name.
 */
function sorted<T extends readonly [path: string, ArrayMetadata | GroupMetadata]>(
  nodes: readonly T[],
): T[] {
  const mappings = new Set(nodes.flatMap(([, { attributes }]) => gridMappings(attributes)));
  return nodes
    .map((node) => {
      const segments = node[0].split("/");
      const isMapping = mappings.has(segments[segments.length - 1]) ||
        node[1].attributes?.grid_mapping_name !== undefined;
      return { node, depth: segments.length, rank: isMapping ? 0 : 1 };
    })
    .sort((a, b) => a.depth - b.depth || a.rank - b.rank || (a.node[0] < b.node[0] ? -1 : 1))
    .map(({ node }) => node);
}

/** The variables that `grid_mapping` names: `crs`, or in the long form `crs: x y other: lat lon`. */
function gridMappings(attributes: JsonObject | undefined): string[] {
  const value = attributes?.grid_mapping;
  if (typeof value !== "string") return [];
  const named = [...value.matchAll(/([^\s:]+):/g)].map(([, name]) => name);
  return named.length > 0 ? named : [value.trim()];
}
