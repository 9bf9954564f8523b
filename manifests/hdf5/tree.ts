/** The objects of a file by their paths: groups, datasets, and what their names lead to. */

import { IndexError } from "../../src/errors.ts";
import { type Attribute, readAttributes } from "./attribute.ts";
import { type Dataset, parseDataset } from "./dataset.ts";
import type { Hdf5File } from "./file.ts";
import { isGroup, readLinks } from "./group.ts";
import type { Link } from "./link.ts";
import { readObjectHeader } from "./object_header.ts";

/** A group or dataset at one of its paths. */
export interface TreeObject {
  /** Without a leading slash; the root is `""`. */
  readonly path: string;
  /** Its object header, which is what references in the file name. */
  readonly address: number;
  /** In the order of the file. */
  readonly attributes: readonly Attribute[];
  /** Undefined for a group. */
  readonly dataset?: Dataset;
}

/** A name that cannot be followed, and why. */
export interface Refusal {
  /** Where the name stands. */
  readonly path: string;
  /** For `inspect`. */
  readonly reason: string;
}

/** The objects of a file. */
export interface Tree {
  /** By path, groups before what is in them. */
  readonly objects: ReadonlyMap<string, TreeObject>;
  /** Names that lead to other files, nowhere, or to what no dataset is. */
  readonly refusals: readonly Refusal[];
  /** Objects whose headers are malformed, by path: what asking for them, or for what is below them, throws. */
  readonly faults: ReadonlyMap<string, IndexError>;
}

const MAX_OBJECTS = 100_000;
const MAX_DEPTH = 64;

interface Place {
  readonly path: string;
  readonly address: number;
  /** Headers of the groups around it: a link to one of them is a circle. */
  readonly above: readonly number[];
}

/**
 * Reads every header of the file, level by level.
 *
 * @throws IndexError if the root is malformed; OriginError
 */
export async function readTree(file: Hdf5File): Promise<Tree> {
  const objects = new Map<string, TreeObject>();
  const refusals: Refusal[] = [];
  /** A path of each group: by another, what its links name may be on the far side of a circle. */
  const groups = new Map<number, string>();
  const faults = new Map<string, IndexError>();
  const softLinks: Array<
    { path: string; group: number; target: string; above: readonly number[] }
  > = [];

  async function read(place: Place): Promise<Place[]> {
    try {
      return await readObject(place);
    } catch (fault) {
      if (!(fault instanceof IndexError) || place.path === "") throw fault;
      faults.set(place.path, fault);
      return [];
    }
  }

  async function readObject(place: Place): Promise<Place[]> {
    const messages = await readObjectHeader(file, place.address);
    const attributes = await readAttributes(file, messages);
    const { path, address } = place;
    if (!isGroup(messages)) {
      const dataset = parseDataset(messages, file.sizes);
      if (dataset) objects.set(path, { path, address, attributes, dataset });
      return [];
    }
    objects.set(path, { path, address, attributes });
    if (!groups.has(address)) groups.set(address, path);
    const above = [...place.above, address];
    const below: Place[] = [];
    for (const link of await readLinks(file, messages)) {
      const child = path === "" ? link.name : `${path}/${link.name}`;
      const why = refusal(link, above);
      if (why) refusals.push({ path: child, reason: why });
      else if (link.kind === "hard") below.push({ path: child, address: link.address, above });
      else softLinks.push({ path: child, group: address, target: link.target, above });
    }
    return below;
  }

  async function readAll(places: Place[]): Promise<void> {
    while (places.length > 0) {
      if (objects.size + places.length > MAX_OBJECTS) {
        throw new IndexError(`The file has more than ${MAX_OBJECTS} objects`);
      }
      // Names of one level are read at the same time, in the order of the file.
      const below = await Promise.all(places.map(read));
      places = below.flat();
    }
  }

  await readAll([{ path: "", address: file.superblock.root, above: [] }]);
  for (let round = 0; softLinks.length > 0 && round < 8; round++) {
    const pending = softLinks.splice(0);
    const found: Place[] = [];
    for (const link of pending) {
      const target = objects.get(resolvePath(groups.get(link.group)!, link.target));
      if (!target) softLinks.push(link);
      else if (link.above.includes(target.address)) {
        refusals.push({ path: link.path, reason: "it is a link to a group around it" });
      } else found.push({ path: link.path, address: target.address, above: link.above });
    }
    if (found.length === 0) break;
    await readAll(found);
  }
  for (const { path, target } of softLinks) {
    refusals.push({ path, reason: `it is a link to "${target}", which is not there` });
  }
  return { objects, refusals, faults };
}

function refusal(link: Link, above: readonly number[]): string | undefined {
  if (link.name === "" || link.name === "." || link.name === ".." || link.name.includes("/")) {
    return "its name cannot be part of a path";
  }
  if (above.length > MAX_DEPTH) return `it lies more than ${MAX_DEPTH} groups deep`;
  if (link.kind === "external") return `it is a link to another file (${link.target})`;
  if (link.kind === "hard" && above.includes(link.address)) {
    return "it is a link to a group around it";
  }
  return undefined;
}

/** A soft link's target as a path: from the root if it starts with a slash. */
function resolvePath(group: string, target: string): string {
  const names = target.startsWith("/") ? [] : group.split("/");
  for (const name of target.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "." && name !== "") names.push(name);
  }
  return names.filter((name) => name !== "").join("/");
}
