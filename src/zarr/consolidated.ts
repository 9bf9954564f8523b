/**
 * Consolidated metadata: a hierarchy in one document, inline in a v3 group's `zarr.json`. Without it
 * GDAL finds no arrays over HTTP, and xarray opens an empty dataset.
 * Source: FORMATS 4.7; zarr-python's `zarr.core.group.ConsolidatedMetadata`.
 */

import { type JsonObject, stringifyJson } from "../json.ts";
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

/** Bytes of a consolidated document at most, read or written. */
export const MAX_CONSOLIDATED_BYTES = 2 ** 25;

/**
 * The text of the `zarr.json` of `group` with all its descendants inline, groups too, in pieces of a node
 * each. Serve the same for each group below it, with the descendants of that group.
 *
 * @param spaceless with `%20` for each space of the nodes' names. GDAL puts names into URLs as they
 * stand, refuses to send a URL with a space, and takes the chunk for absent: it reads zeros
 */
export function* consolidatedJson(
  group: GroupMetadata,
  descendants: Iterable<Descendant>,
  spaceless = false,
): Generator<string> {
  const shown: Array<[string, ArrayMetadata | GroupMetadata]> = [];
  const leftOut = new Map<string, Reason[]>();
  for (const [path, metadata] of descendants) {
    if (!("leftOut" in metadata)) {
      shown.push([path, metadata]);
      continue;
    }
    for (const above of groupsAbove(path)) {
      const reasons = leftOut.get(above);
      if (reasons) reasons.push([path, metadata.leftOut]);
      else leftOut.set(above, [[path, metadata.leftOut]]);
    }
  }
  const root = withLeftOut({ ...group, attributes: group.attributes ?? {} }, "", leftOut);
  const empty = { kind: "inline", must_understand: false, metadata: {} };
  const text = stringifyJson({ ...root, consolidated_metadata: empty });
  const end = "}}}";
  yield text.slice(0, -end.length);
  let comma = "";
  for (const [path, node] of sorted(shown)) {
    const metadata = withLeftOut(node, path, leftOut);
    const named = spaceless
      ? [escaped(path), withoutSpaces(metadata)] as const
      : [path, metadata] as const;
    yield `${comma}${JSON.stringify(named[0])}:${stringifyJson(named[1])}`;
    comma = ",";
  }
  yield end;
}

/** True if a node's path has a space in it. */
export function hasSpaces(descendants: Iterable<Descendant>): boolean {
  for (const [path] of descendants) if (path.includes(" ")) return true;
  return false;
}

/** A coordinate variable has the name of its dimension. */
function withoutSpaces(metadata: ArrayMetadata | GroupMetadata): ArrayMetadata | GroupMetadata {
  if (metadata.node_type === "group" || !metadata.dimension_names) return metadata;
  const names = metadata.dimension_names.map((name) => name && escaped(name));
  return { ...metadata, dimension_names: names };
}

function escaped(name: string): string {
  return name.replaceAll(" ", "%20");
}

type Reason = readonly [path: string, why: string];

/** The paths of the groups around a node, the root's `""` first. */
function* groupsAbove(path: string): Generator<string> {
  yield "";
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    yield path.slice(0, slash);
  }
}

/** A group with an attribute for what is left out below it; an array as it is. */
function withLeftOut(
  metadata: ArrayMetadata | GroupMetadata,
  path: string,
  leftOut: ReadonlyMap<string, readonly Reason[]>,
): ArrayMetadata | GroupMetadata {
  const reasons = leftOut.get(path);
  if (metadata.node_type === "array" || !reasons) return metadata;
  const skip = path === "" ? 0 : path.length + 1;
  const lines = reasons.map(([below, why]) => `${below.slice(skip)}: ${why}`);
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
