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
export const PURE = "This is a netCDF dimension but not a netCDF variable";
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
  /**
   * The shapes of datasets that are shorter than a dimension of theirs that can grow, by path: what is
   * missing was never written.
   */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Paths of datasets that are dimensions and no variables. */
  readonly pure: ReadonlySet<string>;
}

/** A dataset's name without what netCDF-4 puts before it. */
export function variableName(name: string): string {
  return name.startsWith(NON_COORDINATE) ? name.slice(NON_COORDINATE.length) : name;
}

/** A dimension scale. */
interface Scale {
  readonly name: string;
  /** Elements of the dimension: of one that can grow, as many as its longest variable has. */
  length: number;
  readonly grows: boolean;
}

/** Finds the names of all dimensions. @throws IndexError, OriginError */
export async function readDimensions(tree: Tree, heap: HeapValues): Promise<Dimensions> {
  const scales = new Map<number, Scale>();
  const scalesById = new Map<number, Scale>();
  const pure = new Set<string>();
  for (const object of tree.objects.values()) {
    if (!object.dataset || !isScale(object)) continue;
    const name = variableName(object.path.slice(object.path.lastIndexOf("/") + 1));
    const { shape, maxShape } = object.dataset.space;
    const scale = {
      name,
      length: shape[0] ?? 1,
      grows: shape.length > 0 && maxShape[0] === undefined,
    };
    scales.set(object.address, scale);
    const id = integers(attribute(object, "_Netcdf4Dimid"))?.[0];
    if (id !== undefined) scalesById.set(id, scale);
    const label = attribute(object, "NAME");
    if (label && textOf(label).startsWith(PURE)) pure.add(object.path);
  }
  const names = new Map<string, readonly string[]>();
  const unnamed: TreeObject[] = [];
  const named: Array<{ object: TreeObject; found: readonly Scale[] }> = [];
  for (const object of tree.objects.values()) {
    if (!object.dataset || pure.has(object.path)) continue;
    const found = await scalesOf(object, scales, scalesById, heap);
    if (found) {
      names.set(object.path, found.map(({ name }) => name));
      named.push({ object, found });
      object.dataset.space.shape.forEach((length, i) => {
        if (found[i].grows) found[i].length = Math.max(found[i].length, length);
      });
    } else unnamed.push(object);
  }
  namePhony(unnamed, scales.size, names);
  const shapes = new Map<string, readonly number[]>();
  for (const { object, found } of named) {
    const { shape, maxShape } = object.dataset!.space;
    const grown = shape.map((length, i) => maxShape[i] === undefined ? found[i].length : length);
    if (grown.some((length, i) => length > shape[i])) shapes.set(object.path, grown);
  }
  return { names, shapes, pure };
}

async function scalesOf(
  object: TreeObject,
  scales: ReadonlyMap<number, Scale>,
  scalesById: ReadonlyMap<number, Scale>,
  heap: HeapValues,
): Promise<Scale[] | undefined> {
  const rank = object.dataset!.space.shape.length;
  if (rank === 0) return [];
  const ids = integers(attribute(object, "_Netcdf4Coordinates"));
  if (ids?.length === rank && ids.every((id) => scalesById.has(id))) {
    return ids.map((id) => scalesById.get(id)!);
  }
  const own = scales.get(object.address);
  if (own !== undefined && rank === 1) return [own];
  const list = attribute(object, "DIMENSION_LIST");
  if (!list || list.type.class !== "vlen" || list.space.shape[0] !== rank) return undefined;
  const cursor = new Cursor(list.data, heap.file.sizes);
  const found: Scale[] = [];
  for (let i = 0; i < rank; i++) {
    const { count, bytes } = await heap.at(cursor);
    const address = count > 0 ? new Cursor(bytes, heap.file.sizes).address() : undefined;
    const scale = address === undefined ? undefined : scales.get(address);
    if (scale === undefined) return undefined;
    found.push(scale);
  }
  return found;
}

/** Dimensions without a name get one a length and group, as netCDF-C makes them up. */
function namePhony(
  objects: readonly TreeObject[],
  first: number,
  names: Map<string, readonly string[]>,
): void {
  let next = first;
  const byGroup = new Map<string, Array<{ name: string; length: number; grows: boolean }>>();
  const inOrder = [...objects].sort((a, b) => groupsFirst(a.path.split("/"), b.path.split("/")));
  for (const { path, dataset } of inOrder) {
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

/** By name, as netCDF-C goes: into the groups below before it looks at a group's own variables. */
function groupsFirst(a: readonly string[], b: readonly string[]): number {
  let i = 0;
  while (i < a.length - 1 && i < b.length - 1 && a[i] === b[i]) i++;
  const isVariable = (names: readonly string[]) => i === names.length - 1;
  if (isVariable(a) !== isVariable(b)) return isVariable(a) ? 1 : -1;
  return a[i] < b[i] ? -1 : a[i] > b[i] ? 1 : 0;
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
