/** The paths of a hierarchy's nodes: which is below which, and how deep and long they may be. */

import { IndexError } from "../src/errors.ts";

/** Names in a path at most. */
const MAX_DEPTH = 64;
/** UTF-16 units of a name at most. */
const MAX_NAME = 1024;

/** `name` below the node at `path`. */
export function childPath(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** Nodes by path. What stands above a node is a node, too. */
export class NodeTree {
  readonly #children = new Map<string, Set<string>>();

  /** True if there are nodes below `path`, or it is the root. */
  isGroup(path: string): boolean {
    return this.#children.has(path);
  }

  /** Names of the nodes below `path`, sorted. */
  children(path: string): string[] {
    return [...this.#children.get(path) ?? []].sort();
  }

  /** Adds a node, and groups above it. @throws IndexError for a path that {@link mustBePlain} refuses */
  add(path: string): void {
    mustBePlain(childPath(path, "zarr.json"));
    if (!this.#children.has("")) this.#children.set("", new Set());
    for (let child = path; child !== "";) {
      const slash = child.lastIndexOf("/");
      const parent = child.slice(0, Math.max(0, slash));
      const siblings = this.#children.get(parent) ?? new Set();
      if (siblings.has(child.slice(slash + 1))) return;
      this.#children.set(parent, siblings.add(child.slice(slash + 1)));
      child = parent;
    }
  }
}

/**
 * Refuses the key of a document that could be below itself, or so deep that walking it does not end.
 *
 * @throws IndexError
 */
export function mustBePlain(key: string): void {
  const names = key.split("/").slice(0, -1);
  const shown = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  if (names.some((name) => name === "" || name === "." || name === "..")) {
    throw new IndexError(`The key "${shown}" has an empty, "." or ".." segment`, { key: shown });
  }
  if (names.length > MAX_DEPTH) {
    throw overLimit(`The key "${shown}" has ${names.length} segments`, MAX_DEPTH);
  }
  const longest = Math.max(0, ...names.map((name) => name.length));
  if (longest > MAX_NAME) throw overLimit(`A name of ${longest} characters in the index`, MAX_NAME);
}

/** The fault of an index in which something is over its limit. */
export function overLimit(what: string, limit: number): IndexError {
  return new IndexError(`${what}; the limit is ${limit}`, { limit }, undefined, "index-too-large");
}
