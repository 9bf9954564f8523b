/**
 * A manifest seen as a Zarr store: the documents and chunks that one view's keys name. It reads
 * metadata, and says where chunks are; it never moves their bytes.
 */

import type { ByteCache } from "../byte_cache.ts";
import type { ArrayView } from "../chunk/array_view.ts";
import { planEncodings, planNative } from "../chunk/encodings.ts";
import type { ChunkPlan } from "../chunk/tier.ts";
import type { ChunkRef } from "../chunk/ref.ts";
import { type Pace, Turns } from "../codecs/pace.ts";
import { IndexError } from "../errors.ts";
import { type JsonObject, stringifyJson } from "../json.ts";
import type { ArrayNode, Manifest } from "../manifest.ts";
import {
  chunkKeyCandidates,
  chunkLayout,
  DEFAULT_KEYS,
  parseChunkKey,
  parseDefaultChunkKey,
} from "../zarr/chunk_grid.ts";
import { gridMappingName } from "../zarr/geo.ts";
import { indescribable, portableArray, unaskable } from "../zarr/portable.ts";
import { withCfTimes } from "../zarr/time.ts";
import type { View } from "../zarr/view.ts";
import { gzipDocument, namesDocument, type StoreDocument, writeDocument } from "./documents.ts";
import { type Child, type NodeView, type NodeViews, orMalformed } from "./node_view.ts";

/** What a key of the store names. */
export type StoreEntry =
  | StoreDocument
  | { readonly kind: "chunk"; readonly array: ArrayView; readonly ref: ChunkRef };

/** One view of one opened manifest. Safe for concurrent use; what it remembers is in the cache. */
export class Store implements NodeViews {
  readonly #cacheKey: string;

  /** @param dataset its id, which tells its entries in the cache from others' */
  constructor(
    readonly manifest: Manifest,
    readonly view: View,
    readonly cache: ByteCache,
    dataset: string,
  ) {
    this.#cacheKey = `${dataset}\n${manifest.version}\n${view}\n`;
  }

  /**
   * What `key` names; undefined if the index proves that there is no such key.
   *
   * @param signal aborts once nobody waits for the answer
   */
  async entry(key: string, signal?: AbortSignal): Promise<StoreEntry | undefined> {
    const name = key.slice(key.lastIndexOf("/") + 1);
    const path = key.slice(0, Math.max(0, key.length - name.length - 1));
    // Hashed once: the consolidated metadata of many arrays is megabytes.
    const document = namesDocument(this.view, name)
      ? await this.#remembered(`document\n${key}`, () => writeDocument(this, path, name))
      : undefined;
    if (document) return document;
    const found = await this.chunkKey(key);
    if (!found) return undefined;
    const ref = await this.manifest.chunk(found.array.path, found.coords, signal);
    return ref && { kind: "chunk", array: found.array, ref };
  }

  /** A document in gzip, made once; itself where that saves nothing. */
  async compressed(document: StoreDocument): Promise<StoreDocument> {
    return await this.#remembered(`gzip\n${document.etag}`, () => gzipDocument(document)) ??
      document;
  }

  /** A document that names nodes with spaces as GDAL can ask for them, made once. */
  async withoutSpaces(document: StoreDocument): Promise<StoreDocument> {
    const { etag, path } = document;
    const make = () => writeDocument(this, path, "zarr.json", true);
    return await this.#remembered(`spaceless\n${etag}`, make) ?? document;
  }

  async #remembered(
    key: string,
    make: () => Promise<StoreDocument | undefined>,
  ): Promise<StoreDocument | undefined> {
    const made = await this.cache.load(this.#cacheKey + key, async () => {
      const value = await make().catch(ifTooLarge);
      return {
        value,
        bytes: 128 + (value instanceof IndexError ? 1024 : value?.bytes.length ?? 0),
      };
    });
    if (made instanceof IndexError) throw made;
    return made;
  }

  /** The array and grid coordinates that `key` names; undefined outside of every array's grid. */
  async chunkKey(
    key: string,
  ): Promise<{ array: ArrayView; coords: readonly number[] } | undefined> {
    const found = this.view === "portable" ? await this.#defaultKey(key) : await this.#ownKey(key);
    if (!found) return undefined;
    const { array, coords } = found;
    const { grid } = this.#layout(array);
    const isInside = coords.length === grid.length && coords.every((coord, i) => coord < grid[i]);
    return isInside ? { array, coords } : undefined;
  }

  async #defaultKey(key: string) {
    const parsed = parseDefaultChunkKey(key);
    const array = parsed && (this.#kept(parsed.path) ?? await this.array(parsed.path));
    return array && { array, coords: parsed.coords };
  }

  /** A chunk key in the encoding that the array's own metadata tells. */
  async #ownKey(key: string) {
    for (const { path, rest } of chunkKeyCandidates(key)) {
      const array = this.#kept(path) ?? await this.array(path);
      if (!array) continue;
      const coords = parseChunkKey(this.#layout(array), rest);
      return coords && { array, coords };
    }
    return undefined;
  }

  /** Where an array's chunks are. @throws IndexError where that is not known: 404 would read as fill */
  #layout({ layout, path, native }: ArrayView): NonNullable<ArrayView["layout"]> {
    if (layout) return layout;
    throw new IndexError(
      `Cannot find the chunks of "${path}": ${indescribable({ metadata: native })}`,
      { path },
    );
  }

  /** The array at `path`; undefined if there is none (a group is none). @throws IndexError */
  async array(path: string): Promise<ArrayView | undefined> {
    const node = await this.node(path);
    return node?.type === "array" ? node : undefined;
  }

  #kept(path: string): ArrayView | undefined {
    return this.cache.peek<ArrayView>(this.#arrayKey(path));
  }

  #arrayKey(path: string): string {
    return `${this.#cacheKey}array\n${path}`;
  }

  /** The node at `path` as this view shows it. @throws IndexError */
  async node(path: string): Promise<NodeView | undefined> {
    const kept = this.#kept(path);
    if (kept) return kept;
    const node = await this.manifest.node(path);
    if (node?.type !== "array") return node;
    return await this.cache.load(this.#arrayKey(path), async () => {
      const value = await this.#viewed(path, node);
      return { value, bytes: 2048 + 2 * stringifyJson(value.metadata).length };
    });
  }

  async #viewed(path: string, node: ArrayNode): Promise<ArrayView> {
    const { metadata: native } = node;
    const layout = node.layout ?? chunkLayout(native);
    const isOwn = this.view === "native" ||
      (this.view === "v2" && node.source?.zarrFormat === 2);
    if (isOwn) {
      const plans = planNative(native, node.encodings);
      const shown = this.view === "v2" ? layout : chunkLayout(native);
      return {
        type: "array",
        path,
        native,
        metadata: native,
        plan: plans[0],
        plans,
        layout: shown,
      };
    }
    const reason = indescribable({ ...node, layout });
    const plans: readonly ChunkPlan[] = reason === undefined
      ? planEncodings(native, node.encodings)
      : [{ tier: "native", codecs: native.codecs, reason }];
    const [plan] = plans;
    const portable = this.view === "portable";
    const mapping = portable ? await this.#gridMapping(path, native) : undefined;
    const keys = this.view === "v2" ? { name: "v2", separator: "." } as const : DEFAULT_KEYS;
    return {
      type: "array",
      path,
      native,
      // Zarr v2 has times of its own, which every client of it knows.
      metadata: portableArray(portable ? withCfTimes(native) : native, plan.codecs, mapping),
      plan,
      plans,
      layout: layout && { ...layout, encoding: keys },
      leftOut: plan.tier === "native" ? plan.reason : unaskable(path),
    };
  }

  /** The attributes of an array's grid mapping variable, where it has one. */
  async #gridMapping(path: string, { attributes }: ArrayNode["metadata"]): Promise<
    JsonObject | undefined
  > {
    const name = gridMappingName(attributes);
    if (name === undefined) return undefined;
    // CF looks in the array's own group, then in those around it.
    for (let group = path; group !== "";) {
      group = group.slice(0, Math.max(0, group.lastIndexOf("/")));
      const mapping = await orMalformed(
        this.manifest.node(group === "" ? name : `${group}/${name}`),
      );
      if (mapping?.type === "array") return mapping.metadata.attributes ?? {};
    }
    return undefined;
  }

  async children(path: string): Promise<Child[]> {
    return await Array.fromAsync(this.#below([path], new Turns()));
  }

  /** Every node below `path`, without itself, parents before children. In turns. */
  async *descendants(path: string): AsyncGenerator<Child> {
    const turns = new Turns();
    for (let groups = [path]; groups.length > 0;) {
      const next: string[] = [];
      for (let i = 0; i < groups.length; i += AT_ONCE) {
        for await (const child of this.#below(groups.slice(i, i + AT_ONCE), turns)) {
          if (child[1].type === "group") next.push(child[0]);
          yield child;
        }
      }
      groups = next;
    }
  }

  /** The nodes right below each of `groups`, in their order. */
  async *#below(groups: readonly string[], pace: Pace): AsyncGenerator<Child> {
    const paths = (await Promise.all(groups.map(async (group) => {
      const names = await this.manifest.children(group);
      return names.map((name) => group === "" ? name : `${group}/${name}`);
    }))).flat();
    for (let i = 0; i < paths.length; i += AT_ONCE) {
      if (pace.due()) await pace.turn();
      const found = await Promise.all(
        paths.slice(i, i + AT_ONCE).map(async (path) => {
          const node = await orMalformed(this.node(path));
          return node && [path, node] as const;
        }),
      );
      for (const child of found) if (child) yield child;
    }
  }
}

/** The fault of a document that is over a limit: it takes as long to find out as to write it. */
function ifTooLarge(fault: unknown): IndexError {
  if (fault instanceof IndexError && fault.code === "index-too-large") return fault;
  throw fault;
}

/** Nodes that are looked up at the same time. */
const AT_ONCE = 64;
