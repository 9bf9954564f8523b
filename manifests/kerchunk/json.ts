/** Kerchunk reference sets as JSON, gzip and Zstandard too: read in one request and held packed. */

import { IndexError } from "../../src/errors.ts";
import type { Node } from "../../src/manifest.ts";
import { groupFromV2 } from "../../src/zarr/v2/to_v3.ts";
import { childPath } from "../node_tree.ts";
import { memoryFormat, type MemoryIndex } from "../memory_manifest.ts";
import type { ArrayReferences } from "../references/array_references.ts";
import type { ReferenceSet } from "./reference_builder.ts";
import { readReferences } from "./reference_reader.ts";

/** `kerchunk-json`: one JSON file. */
export const kerchunkJson = memoryFormat({
  name: "kerchunk-json",
  named: (url) =>
    /\.json(?:\.gz|\.zst|\.zstd)?$/i.test(url.pathname) && !url.pathname.endsWith("/zarr.json"),
  sniff({ url, head }) {
    if (!head || url.pathname.endsWith("/zarr.json")) return false;
    const isCompressed = head[0] === 0x1f && head[1] === 0x8b ||
      head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
    if (isCompressed) return true;
    const text = new TextDecoder().decode(head).trimStart();
    return /^(?:\[\s*)?\{/.test(text) && !/^\{\s*"zarr_format"/.test(text);
  },
  async read(content, url, { maxIndexBytes }) {
    const { sets } = await readReferences(content, url, maxIndexBytes);
    if (sets.length === 0 || sets.some(({ hierarchy }) => !hierarchy.node(""))) {
      throw new IndexError(
        "The JSON holds no Zarr metadata (.zgroup, .zarray, zarr.json): it is no kerchunk reference set",
        { url: url.href },
      );
    }
    return sets.length === 1 ? new SetIndex(sets[0]) : new ListIndex(sets);
  },
});

/** One reference set. */
class SetIndex implements MemoryIndex {
  constructor(readonly set: ReferenceSet) {}

  get heldBytes(): number {
    return this.set.heldBytes;
  }

  get doubts(): string[] {
    return this.set.doubts.map(([path, text]) => `/${path}: ${text}`);
  }

  node(path: string): Node | undefined {
    for (const name of ["zarr.json", ".zarray", ".zgroup", ".zattrs"]) {
      const key = childPath(path, name);
      if (!this.set.remoteDocuments.has(key)) continue;
      throw new IndexError(`The metadata "${key}" is in another file, which is not supported`, {
        key,
      });
    }
    return this.set.hierarchy.node(path);
  }

  children(path: string): string[] {
    return this.set.hierarchy.children(path);
  }

  references(path: string): ArrayReferences | undefined {
    const found = this.set.arrays.get(path);
    // throws for an array that cannot be described: its references were not read, and are not absent
    if (!found) this.set.hierarchy.layout(path);
    return found;
  }
}

/** A list of sets (kerchunk writes one a GRIB message): groups `0`, `1`, … */
class ListIndex implements MemoryIndex {
  readonly #sets: readonly SetIndex[];

  constructor(sets: readonly ReferenceSet[]) {
    this.#sets = sets.map((set) => new SetIndex(set));
  }

  get heldBytes(): number {
    return this.#sets.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  get doubts(): string[] {
    return this.#sets.flatMap(({ doubts }, i) => doubts.map((doubt) => `/${i}${doubt}`));
  }

  node(path: string): Node | undefined {
    if (path === "") return { type: "group", metadata: groupFromV2() };
    return this.#in(path, (set, inner) => set.node(inner));
  }

  children(path: string): string[] {
    if (path === "") return this.#sets.map((_, i) => String(i)).sort();
    return this.#in(path, (set, inner) => set.children(inner)) ?? [];
  }

  references(path: string): ArrayReferences | undefined {
    return this.#in(path, (set, inner) => set.references(inner));
  }

  /** What `look` finds in the set that `path` leads into. */
  #in<T>(path: string, look: (set: SetIndex, inner: string) => T): T | undefined {
    const [, index, inner = ""] = /^(0|[1-9]\d{0,8})(?:\/(.*))?$/s.exec(path) ?? [];
    const set = index === undefined ? undefined : this.#sets[Number(index)];
    return set && look(set, inner);
  }
}
