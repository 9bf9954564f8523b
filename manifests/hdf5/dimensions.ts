/**
 * The names of a file's dimensions, as netCDF-4 writes them: dimension scales, and lists of references
 * to them. Source: "NetCDF-4 File Format" in the NetCDF User's Guide; the HDF5 Dimension Scales
 * specification.
 */

import type { Attribute } from "./attribute.ts";
import { type HeapValues } from "./attribute_value.ts";
import { Cursor } from "./cursor.ts";
import { fixedTextValue } from "./element.ts";
import type { Tree, TreeObject } from "./tree.ts";

/** What the name of a scale starts with that is a dimension and no variable. */
const PURE = "This is a netCDF dimension but not a netCDF variable";
/** What stands before the name of a variable that has a dimension's name without being its coordinate. */
const NON_COORDINATE = "_nc4_non_coord_";

/** Attributes by which netCDF-4 and HDF5 keep dimensions; nobody sees them. */
export const HIDDEN_ATTRIBUTES: ReadonlySet<string> = new Set([
  "CLASS",
  "NAME",
  "REFERENCE_LIST",
  "DIMENSION_LIST",
  "_Netcdf4Dimid",
  "_Netcdf4Coordinates",
  "_nc3_strict",
  "_NCProperties",
  "DIMENSION_LABELS",
]);

/** The dimensions of a file's datasets. */
export interface Dimensions {
  /** The names of a dataset's dimensions, by the dataset's path. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Paths of datasets that are dimensions and no variables. */
  readonly pure: ReadonlySet<string>;
}

/** A dataset's name without what netCDF-4 puts before it. */
export function variableName(name: string): string {
  return name.startsWith(NON_COORDINATE) ? name.slice(NON_COORDINATE.length) : name;
}

/** Finds the names of all dimensions. @throws IndexError, OriginError */
export async function readDimensions(tree: Tree, heap: HeapValues): Promise<Dimensions> {
  const scaleNames = new Map<number, string>();
  const namesById = new Map<number, string>();
  const pure = new Set<string>();
  for (const object of tree.objects.values()) {
    if (!isScale(object)) continue;
    const name = variableName(object.path.slice(object.path.lastIndexOf("/") + 1));
    scaleNames.set(object.address, name);
    const id = integers(attribute(object, "_Netcdf4Dimid"))?.[0];
    if (id !== undefined) namesById.set(id, name);
    const label = attribute(object, "NAME");
    if (label && textOf(label).startsWith(PURE)) pure.add(object.path);
  }
  const names = new Map<string, readonly string[]>();
  const unnamed: TreeObject[] = [];
  for (const object of tree.objects.values()) {
    if (!object.dataset || pure.has(object.path)) continue;
    const found = await namesOf(object, scaleNames, namesById, heap);
    if (found) names.set(object.path, found);
    else unnamed.push(object);
  }
  namePhony(unnamed, namesById.size, names);
  return { names, pure };
}

async function namesOf(
  object: TreeObject,
  scaleNames: ReadonlyMap<number, string>,
  namesById: ReadonlyMap<number, string>,
  heap: HeapValues,
): Promise<string[] | undefined> {
  const rank = object.dataset!.space.shape.length;
  if (rank === 0) return [];
  const ids = integers(attribute(object, "_Netcdf4Coordinates"));
  if (ids?.length === rank && ids.every((id) => namesById.has(id))) {
    return ids.map((id) => namesById.get(id)!);
  }
  const own = scaleNames.get(object.address);
  if (own !== undefined && rank === 1) return [own];
  const list = attribute(object, "DIMENSION_LIST");
  if (!list || list.type.class !== "vlen" || list.space.shape[0] !== rank) return undefined;
  const cursor = new Cursor(list.data, heap.file.sizes);
  const names: string[] = [];
  for (let i = 0; i < rank; i++) {
    const { count, bytes } = await heap.at(cursor);
    const address = count > 0 ? new Cursor(bytes, heap.file.sizes).address() : undefined;
    const name = address === undefined ? undefined : scaleNames.get(address);
    if (name === undefined) return undefined;
    names.push(name);
  }
  return names;
}

/** Dimensions without a name get one a length and group, as netCDF-C makes them up. */
function namePhony(
  objects: readonly TreeObject[],
  first: number,
  names: Map<string, readonly string[]>,
): void {
  let next = first;
  const byGroup = new Map<string, Array<{ name: string; length: number; grows: boolean }>>();
  // netCDF-C goes into the groups below before it looks at a group's own variables.
  const deepestFirst = [...objects].sort((a, b) => depth(b.path) - depth(a.path));
  for (const { path, dataset } of deepestFirst) {
    const group = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    let known = byGroup.get(group);
    if (!known) byGroup.set(group, known = []);
    const { shape, maxShape } = dataset!.space;
    const used = new Set<string>();
    names.set(
      path,
      shape.map((length, i) => {
        const grows = maxShape[i] === undefined;
        let dimension = known.find((each) =>
          each.length === length && each.grows === grows && !used.has(each.name)
        );
        if (!dimension) {
          dimension = { name: `phony_dim_${next++}`, length, grows };
          known.push(dimension);
        }
        used.add(dimension.name);
        return dimension.name;
      }),
    );
  }
}

function depth(path: string): number {
  return path.split("/").length;
}

function isScale(object: TreeObject): boolean {
  const kind = attribute(object, "CLASS");
  return kind !== undefined && textOf(kind) === "DIMENSION_SCALE";
}

function attribute({ attributes }: TreeObject, name: string): Attribute | undefined {
  return attributes.find((each) => each.name === name);
}

function textOf({ type, data }: Attribute): string {
  return type.class === "string" ? fixedTextValue(data.subarray(0, type.size), type.padding) : "";
}

function integers(found: Attribute | undefined): number[] | undefined {
  if (found?.type.class !== "integer" || found.type.size !== 4) return undefined;
  const { type, data } = found;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.length / 4 }, (_, i) => view.getInt32(4 * i, !type.bigEndian));
}
