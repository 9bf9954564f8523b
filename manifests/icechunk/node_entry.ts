/** A node of a snapshot with its metadata read: what a lookup needs of it. */

import { IndexError } from "../../src/errors.ts";
import type { Node } from "../../src/manifest.ts";
import { parseZarrJson } from "../../src/zarr/v3_document.ts";
import { chunkLayout } from "../../src/zarr/chunk_grid.ts";
import { mustFit } from "../document_hierarchy.ts";
import { childPath } from "../node_tree.ts";
import type { ManifestExtents } from "./manifest_extents.ts";
import type { SnapshotNode } from "./snapshot_file.ts";

/** An array, ready for lookups. */
export interface ArrayEntry {
  /** What tells it from a group. */
  readonly type: "array";
  /** The array as a manifest gives it out, with its metadata. */
  readonly node: Node;
  /** 13 characters. */
  readonly id: string;
  /** Chunks along each dimension; undefined for a grid of no kind known here. */
  readonly grid?: readonly number[];
  /** The manifest files with its references, and what part of the grid each covers. */
  readonly manifests: ManifestExtents;
}

/** A node, ready for lookups. */
export type NodeEntry = { readonly type: "group"; readonly node: Node } | ArrayEntry;

/** Reads a node's metadata. @throws IndexError */
export function nodeEntry(found: SnapshotNode, path: string): NodeEntry {
  mustFit(childPath(path, "zarr.json"), found.userData);
  // The snapshot's buffer may be dropped from the cache before this is.
  const zarrJson = found.userData.slice();
  const metadata = parseZarrJson(zarrJson, path);
  if (metadata.node_type !== found.type) {
    throw new IndexError(
      `The metadata of the ${found.type} "${path}" is of a ${metadata.node_type}`,
    );
  }
  const source = { zarrFormat: 3, zarrJson } as const;
  if (metadata.node_type === "group") {
    return { type: "group", node: { type: "group", metadata, source } };
  }
  const { id, manifests } = found as SnapshotNode & { type: "array" };
  // Not from the snapshot, whose own shapes are not to be trusted in version 1.
  const layout = chunkLayout(metadata);
  const node: Node = { type: "array", metadata, layout, source };
  return { type: "array", node, id, grid: layout?.grid, manifests };
}

/** Bytes that an entry holds, about. */
export function entryBytes(entry: NodeEntry): number {
  const source = entry.node.source as { zarrJson: Uint8Array };
  const manifests = entry.type === "array"
    ? entry.manifests.ids.length + entry.manifests.extents.byteLength
    : 0;
  return 2048 + 6 * source.zarrJson.length + manifests;
}
