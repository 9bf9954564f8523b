/** A file's objects as a Zarr hierarchy: what netCDF-4 and HDF5 keep for themselves hidden, the rest as it is. */

import { IndexError } from "../../src/errors.ts";
import type { Json, JsonObject } from "../../src/json.ts";
import type { GroupNode } from "../../src/manifest.ts";
import { childPath } from "../node_tree.ts";
import { arrayOf, type Hdf5Array, partsOf } from "./array.ts";
import type { Attribute } from "./attribute.ts";
import { attributeValue, HeapValues } from "./attribute_value.ts";
import { Cursor, decodeText } from "./cursor.ts";
import type { Dataset } from "./dataset.ts";
import { HIDDEN_ATTRIBUTES, readDimensions, variableName } from "./dimensions.ts";
import type { Hdf5File } from "./file.ts";
import { readTree, type Refusal, type TreeObject } from "./tree.ts";

/** The nodes of a file. */
export interface Hierarchy {
  /** Groups and arrays by path. */
  readonly nodes: ReadonlyMap<string, GroupNode | Hdf5Array>;
  /** Names of the nodes below each group, sorted. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  /** Objects that are malformed, by path: what asking for them, or for what is below them, throws. */
  readonly faults: ReadonlyMap<string, IndexError>;
  /** Names and attributes that are not shown, and why. */
  readonly refusals: readonly Refusal[];
  /** Bytes that all of it takes, estimated. */
  readonly heldBytes: number;
}

/** Estimated bytes of a node beside its metadata. */
const NODE_BYTES = 2048;

/** Reads all objects of a file. @throws IndexError if its root is malformed; OriginError */
export async function readHierarchy(file: Hdf5File): Promise<Hierarchy> {
  const tree = await readTree(file);
  const heap = new HeapValues(file);
  const dimensions = await readDimensions(tree, heap);
  const nodes = new Map<string, GroupNode | Hdf5Array>();
  const faults = new Map(tree.faults);
  const refusals = [...tree.refusals];
  let heldBytes = 0;

  /** A name of HDF5 can have characters that no name of Zarr has. */
  function isFree(path: string): boolean {
    const why = nodes.has(path) || faults.has(path)
      ? "there is another of its name"
      : /(?:^|\/)(?:\.{0,2}(?:\/|$)|zarr\.json$)/.test(path)
      ? "its name cannot be part of a path"
      : undefined;
    if (why !== undefined) refusals.push({ path, reason: why });
    return why === undefined;
  }

  async function shownAttributes({ path, attributes }: TreeObject): Promise<JsonObject> {
    const shown: Record<string, Json> = {};
    for (const attribute of attributes) {
      if (HIDDEN_ATTRIBUTES.has(attribute.name)) continue;
      const value = await attributeValue(attribute, heap);
      if (value !== undefined) shown[attribute.name] = value;
      else refusals.push({ path, reason: unshown(attribute) });
    }
    return shown;
  }

  async function add(object: TreeObject): Promise<void> {
    const { path, dataset } = object;
    const attributes = await shownAttributes(object);
    if (!dataset) {
      nodes.set(path, group(attributes));
      return;
    }
    const names = dimensions.names.get(path) ?? [];
    const shape = dimensions.shapes.get(path) ?? dataset.space.shape;
    const slash = path.lastIndexOf("/") + 1;
    const shownPath = path.slice(0, slash) + variableName(path.slice(slash));
    if (!isFree(shownPath)) return;
    const parts = partsOf(dataset.type);
    const isOne = parts.length === 1 && parts[0].path.length === 0;
    if (!isOne) nodes.set(shownPath, group(attributes));
    for (const part of parts) {
      const below = part.path.slice(0, -1).reduce((above, name) => {
        const inner = childPath(above, name);
        if (!nodes.has(inner)) nodes.set(inner, group({}));
        return inner;
      }, shownPath);
      const own = isOne ? shownPath : childPath(below, part.path.at(-1)!);
      if (!isOne && !isFree(own)) continue;
      const fillText = await filledText(dataset, part.offset, heap);
      nodes.set(
        own,
        arrayOf(dataset, part, { shape, names }, isOne ? attributes : {}, fillText, own),
      );
    }
  }

  for (const object of tree.objects.values()) {
    if (dimensions.pure.has(object.path)) continue;
    try {
      await add(object);
    } catch (fault) {
      if (!(fault instanceof IndexError) || object.path === "") throw fault;
      faults.set(object.path, fault);
    }
  }
  for (const [path, node] of nodes) {
    const attributes = "type" in node ? node.metadata.attributes : node.node.metadata.attributes;
    heldBytes += NODE_BYTES + 2 * path.length + 2 * JSON.stringify(attributes).length;
  }
  return {
    nodes,
    children: childrenOf([...nodes.keys(), ...faults.keys()]),
    faults,
    refusals,
    heldBytes,
  };
}

function group(attributes: JsonObject): GroupNode {
  return { type: "group", metadata: { zarr_format: 3, node_type: "group", attributes } };
}

function unshown({ name, type }: Attribute): string {
  return `its attribute "${name}" (${type.class}) has no form in JSON`;
}

/** The text that elements hold that were never written. */
async function filledText(
  { type, fillValue }: Dataset,
  offset: number,
  heap: HeapValues,
): Promise<string> {
  if (type.class !== "vlen-string" || !fillValue) return "";
  const { bytes } = await heap.at(new Cursor(fillValue, heap.file.sizes, offset));
  return decodeText(bytes).split("\0")[0];
}

function childrenOf(paths: readonly string[]): Map<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const path of new Set(paths)) {
    if (path === "") continue;
    const slash = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(0, slash));
    const names = children.get(parent);
    if (names) names.push(path.slice(slash + 1));
    else children.set(parent, [path.slice(slash + 1)]);
  }
  for (const names of children.values()) names.sort();
  return children;
}
