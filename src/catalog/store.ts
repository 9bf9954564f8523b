/**
 * A manifest seen as a Zarr store: the documents and chunks that one view's keys name. It reads
 * metadata, and says where chunks are; it never moves their bytes.
 */

import type { ByteCache } from "../byte_cache.ts";
import type { ArrayView } from "../chunk/array_view.ts";
import { planEncodings, planNative } from "../chunk/encodings.ts";
import type { ChunkPlan } from "../chunk/tier.ts";
import type { ChunkRef } from "../chunk/ref.ts";
import { IndexError } from "../errors.ts";
import { gzip } from "../http/content_coding.ts";
import { entityTag } from "../http/entity_tag.ts";
import { type JsonObject, parseJson, stringifyJson } from "../json.ts";
import type { ArrayNode, GroupNode, Manifest } from "../manifest.ts";
import {
  chunkKeyCandidates,
  chunkLayout,
  DEFAULT_KEYS,
  parseChunkKey,
  parseDefaultChunkKey,
} from "../zarr/chunk_grid.ts";
import { type Descendant, hasSpaces, withoutSpaces } from "../zarr/consolidated.ts";
import { gridMappingName } from "../zarr/geo.ts";
import { nativeDocument } from "../zarr/native.ts";
import { indescribable, portableArray, unaskable, zarrJson } from "../zarr/portable.ts";
import { withCfTimes } from "../zarr/time.ts";
import { type V2Documents, v2Documents, zmetadata } from "../zarr/v2/documents.ts";
import type { View } from "../zarr/view.ts";

/** A node as a view shows it. */
export type NodeView = GroupNode | ArrayView;

/** A node that its own index says cannot be. */
export interface MalformedNode {
  /** What tells it from others. */
  readonly type: "malformed";
  /** What asking for it throws. */
  readonly fault: IndexError;
}

/** A metadata document. */
export interface StoreDocument {
  /** What tells it from a chunk. */
  readonly kind: "document";
  /** All of it, as `encoding` says. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong: another one for each encoding. */
  readonly etag: string;
  /** `Content-Encoding`; undefined: as it is. */
  readonly encoding?: "gzip";
  /** True if it names nodes with spaces, for which {@link Store.withoutSpaces} has another document. */
  readonly spaced?: boolean;
}

/** A node by its path below the root. */
export type Child = readonly [path: string, node: NodeView | MalformedNode];

/** What a key of the store names. */
export type StoreEntry =
  | StoreDocument
  | { readonly kind: "chunk"; readonly array: ArrayView; readonly ref: ChunkRef };

type Written = Pick<StoreDocument, "bytes" | "spaced">;

/** Bytes below which a document fits into a packet as it is. */
const WORTH_COMPRESSING = 512;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One view of one opened manifest. Safe for concurrent use; what it remembers is in the cache. */
export class Store {
  readonly #cacheKey: string;

  /** Reads nothing yet. @param dataset its id, which tells its entries in the cache from others' */
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
    const document = this.#namesDocument(name) ? await this.#document(key, name) : undefined;
    if (document) return document;
    const found = await this.chunkKey(key);
    if (!found) return undefined;
    const ref = await this.manifest.chunk(found.array.path, found.coords, signal);
    return ref && { kind: "chunk", array: found.array, ref };
  }

  /** A document in gzip, made once; itself where that saves nothing. */
  async compressed(document: StoreDocument): Promise<StoreDocument> {
    if (document.bytes.length < WORTH_COMPRESSING) return document;
    return await this.cache.load(`${this.#cacheKey}gzip\n${document.etag}`, async () => {
      const bytes = await gzip(document.bytes);
      const value: StoreDocument = bytes.length < document.bytes.length
        ? { ...document, bytes, etag: document.etag.replace(/"$/, '-gzip"'), encoding: "gzip" }
        : document;
      return { value, bytes: bytes.length };
    });
  }

  /** A document that names nodes with spaces as GDAL can ask for them, made once. */
  async withoutSpaces(document: StoreDocument): Promise<StoreDocument> {
    return await this.cache.load(`${this.#cacheKey}spaceless\n${document.etag}`, () => {
      const parsed = parseJson(decoder.decode(document.bytes)) as JsonObject;
      const bytes = encoder.encode(stringifyJson(withoutSpaces(parsed)));
      const value = { ...document, bytes, etag: entityTag(bytes) };
      return Promise.resolve({ value, bytes: bytes.length });
    });
  }

  /** Whether the last part of a key is that of a metadata document in this view. */
  #namesDocument(name: string): boolean {
    return this.view === "v2"
      ? /^\.z(array|group|attrs|metadata)$/.test(name)
      : name === "zarr.json";
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

  /** The nodes directly below the group at `path`, by path. */
  async children(path: string): Promise<Child[]> {
    const names = await this.manifest.children(path);
    const children = await Promise.all(names.map(async (name): Promise<Child[]> => {
      const child = path === "" ? name : `${path}/${name}`;
      const node = await orMalformed(this.node(child));
      return node ? [[child, node]] : [];
    }));
    return children.flat();
  }

  /** Every node below `path`, without itself, parents before children. */
  async descendants(path: string): Promise<Child[]> {
    const found: Child[] = [];
    let groups = [path];
    while (groups.length > 0) {
      const level = (await Promise.all(groups.map((group) => this.children(group)))).flat();
      found.push(...level);
      groups = level.flatMap(([child, { type }]) => type === "group" ? [child] : []);
    }
    return found;
  }

  /** The bytes of the metadata document that `key` names. */
  async #document(key: string, name: string): Promise<StoreEntry | undefined> {
    const path = key.slice(0, Math.max(0, key.length - name.length - 1));
    return await this.cache.load(`${this.#cacheKey}document\n${key}`, async () => {
      const written = this.view === "v2"
        ? await this.#v2Document(path, name)
        : this.view === "native"
        ? await this.#nativeDocument(path)
        : await this.#portableDocument(path);
      // Hashed once: the consolidated metadata of many arrays is megabytes.
      const value: StoreEntry | undefined = written &&
        { kind: "document", ...written, etag: entityTag(written.bytes) };
      return { value, bytes: 128 + (written?.bytes.length ?? 0) };
    });
  }

  async #nativeDocument(path: string): Promise<Written | undefined> {
    const node = await this.manifest.node(path);
    if (!node) return undefined;
    const isWritten = node.type === "group" && node.source?.zarrFormat !== 3;
    return { bytes: nativeDocument(node, isWritten ? await this.#below(path) : []) };
  }

  async #portableDocument(path: string): Promise<Written | undefined> {
    const node = await this.node(path);
    if (!node) return undefined;
    const below = node.type === "group" ? await this.#below(path) : [];
    return { bytes: encoder.encode(zarrJson(node.metadata, below)), spaced: hasSpaces(below) };
  }

  /** What the document of the group at `path` says of the nodes below it. */
  async #below(path: string): Promise<Descendant[]> {
    const skip = path === "" ? 0 : path.length + 1;
    return (await this.descendants(path)).map(([full, node]): Descendant => {
      const name = full.slice(skip);
      if (node.type === "malformed") return [name, { leftOut: node.fault.message }];
      const reason = node.type === "array" ? node.leftOut : unaskable(full);
      const leftOut = this.view === "portable" ? reason : undefined;
      return [name, leftOut === undefined ? node.metadata : { leftOut }];
    });
  }

  async #v2Document(path: string, name: string): Promise<Written | undefined> {
    if (name !== ".zmetadata") {
      const text = (await this.#v2Documents(path))?.[name];
      return text === undefined ? undefined : { bytes: encoder.encode(text) };
    }
    if ((await this.manifest.node(path))?.type !== "group") return undefined;
    const nodes: Array<[string, V2Documents]> = [["", (await this.#v2Documents(path))!]];
    for (const [full, node] of await this.descendants(path)) {
      const documents = node.type === "malformed" ? undefined : await this.#v2Documents(full);
      if (documents) nodes.push([full.slice(path === "" ? 0 : path.length + 1), documents]);
    }
    return { bytes: encoder.encode(zmetadata(nodes)) };
  }

  /** The documents of the node at `path`; undefined if there is none, or v2 cannot say it. */
  async #v2Documents(path: string): Promise<V2Documents | undefined> {
    const node = await this.manifest.node(path);
    if (node?.type !== "array") return node && v2Documents(node);
    const array = await this.array(path);
    return v2Documents(node, array?.plan.tier === "native" ? undefined : array?.metadata);
  }
}

/** What a look-up gives; where the index says what cannot be, its fault. Other faults are thrown. */
function orMalformed<T>(looked: Promise<T>): Promise<T | MalformedNode> {
  return looked.catch((fault) => {
    if (fault instanceof IndexError && fault.code === "index-invalid") {
      return { type: "malformed", fault };
    }
    throw fault;
  });
}
