/**
 * A manifest seen as a Zarr store: the documents and chunks that one view's keys name. It reads
 * metadata, and says where chunks are; it never moves their bytes.
 */

import type { ByteCache } from "../byte_cache.ts";
import { type ChunkPlan, planArray } from "../chunk/plan.ts";
import { entityTag } from "../http/entity_tag.ts";
import { gzip } from "../http/content_coding.ts";
import { SluiceError } from "../errors.ts";
import type { ArrayNode, Manifest, Node } from "../manifest.ts";
import type { ChunkRef } from "../chunk/ref.ts";
import {
  type ChunkKey,
  chunkKeyCandidates,
  parseChunkCoords,
  parseDefaultChunkKey,
} from "../zarr/chunk_key.ts";
import { type View } from "../zarr/view.ts";
import {
  consolidatedGroup,
  type Descendant,
  type V2Descendant,
  zmetadata,
} from "../zarr/consolidated.ts";
import { gridMappingName, withGeoAttributes } from "../zarr/geo.ts";
import { parseJson, stringifyJson } from "../json.ts";
import { type ArrayMetadata, gridShape } from "../zarr/metadata.ts";
import { arrayToV2, groupToV2 } from "../zarr/v2/from_v3.ts";

/** An array as one view shows it. */
export interface ArrayView {
  /** Its path below the root. */
  readonly path: string;
  /** As the source has it, in v3 terms. */
  readonly native: ArrayMetadata;
  /** As this view shows it. */
  readonly metadata: ArrayMetadata;
  /** How its chunks are served in this view. */
  readonly plan: ChunkPlan;
  /** Chunks along each dimension. */
  readonly grid: readonly number[];
  /** Why the source's array has no faithful v3 form. */
  readonly unsupported?: string;
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
}

/** What a key of the store names. */
export type StoreEntry =
  | StoreDocument
  | { readonly kind: "chunk"; readonly array: ArrayView; readonly ref: ChunkRef };

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
    const parsed = this.view === "portable"
      ? parseDefaultChunkKey(key)
      : await this.#sourceChunkKey(key);
    if (!parsed) return undefined;
    const array = this.cache.peek<ArrayView>(this.#arrayKey(parsed.path)) ??
      await this.array(parsed.path);
    if (!array || array.grid.length !== parsed.coords.length) return undefined;
    const inside = parsed.coords.every((coord, i) => coord < array.grid[i]);
    return inside ? { array, coords: parsed.coords } : undefined;
  }

  /** The array at `path`; undefined if there is none (a group is none). */
  array(path: string): Promise<ArrayView | undefined> {
    return this.cache.load(this.#arrayKey(path), async () => {
      const node = await this.manifest.node(path);
      if (node?.type !== "array") return { value: undefined, bytes: 64 };
      const viewed = viewArray(path, node, this.view);
      const value = this.view === "portable"
        ? { ...viewed, metadata: await this.#located(path, viewed.metadata) }
        : viewed;
      return { value, bytes: 2048 + 2 * stringifyJson(value.metadata).length };
    });
  }

  /** Metadata with its place on the earth written for every client, where its grid mapping knows it. */
  async #located(path: string, metadata: ArrayMetadata): Promise<ArrayMetadata> {
    const name = gridMappingName(metadata.attributes);
    if (name === undefined) return metadata;
    // CF looks in the array's own group, then in those around it.
    for (let group = path; group !== "";) {
      group = group.slice(0, Math.max(0, group.lastIndexOf("/")));
      const mapping = await this.manifest.node(group === "" ? name : `${group}/${name}`);
      if (mapping?.type !== "array") continue;
      return withGeoAttributes(metadata, mapping.metadata.attributes ?? {});
    }
    return metadata;
  }

  #arrayKey(path: string): string {
    return `${this.#cacheKey}array\n${path}`;
  }

  /** The node at `path` with its metadata as this view shows it. */
  async node(path: string): Promise<Node | undefined> {
    const node = await this.manifest.node(path);
    if (node?.type !== "array") return node;
    const array = await this.array(path);
    return array && { ...node, metadata: array.metadata };
  }

  /** Every node below `path`, without itself, parents before children. */
  async descendants(path: string): Promise<Array<[path: string, node: Node]>> {
    const found: Array<[string, Node]> = [];
    const pending = [path];
    for (let parent = pending.shift(); parent !== undefined; parent = pending.shift()) {
      for (const name of await this.manifest.children(parent)) {
        const child = parent === "" ? name : `${parent}/${name}`;
        const node = await this.node(child);
        if (!node) continue;
        found.push([child, node]);
        if (node.type === "group") pending.push(child);
      }
    }
    return found;
  }

  /** The bytes of the metadata document that `key` names. */
  async #document(key: string, name: string): Promise<StoreEntry | undefined> {
    const v2 = this.view === "v2";
    const path = key.slice(0, Math.max(0, key.length - name.length - 1));
    return await this.cache.load(`${this.#cacheKey}document\n${key}`, async () => {
      const bytes = await (v2 ? this.#v2Document(path, name) : this.#v3Document(path));
      // Hashed once: the consolidated metadata of many arrays is megabytes.
      const value: StoreEntry | undefined = bytes &&
        { kind: "document", bytes, etag: entityTag(bytes) };
      return { value, bytes: 128 + (bytes?.length ?? 0) };
    });
  }

  async #v3Document(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const node = await this.node(path);
    if (!node) return undefined;
    if (this.view === "native" && node.source?.zarrFormat === 3) {
      return node.source.zarrJson as Uint8Array<ArrayBuffer>;
    }
    if (node.type === "array") return encoder.encode(stringifyJson(node.metadata));
    const below = await this.descendants(path);
    return encoder.encode(stringifyJson(consolidatedGroup(node.metadata, relative(path, below))));
  }

  async #v2Document(path: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const node = await this.manifest.node(path);
    if (!node) return undefined;
    if (name === ".zmetadata") {
      if (node.type === "array") return undefined;
      const kept = await this.manifest.document?.(path === "" ? name : `${path}/${name}`);
      return (kept ?? await this.#v2Consolidated(path)) as Uint8Array<ArrayBuffer>;
    }
    const documents = await this.#v2Documents(path, node);
    return documents?.[name];
  }

  /** The `.zarray` or `.zgroup`, and the `.zattrs`, of one node; undefined if it has no v2 form. */
  async #v2Documents(
    path: string,
    node: Node,
  ): Promise<Record<string, Uint8Array<ArrayBuffer> | undefined> | undefined> {
    const main = node.type === "array" ? ".zarray" : ".zgroup";
    if (node.source?.zarrFormat === 2) {
      const implied = node.type === "group" ? encoder.encode('{"zarr_format":2}') : undefined;
      return {
        [main]: (node.source.document ?? implied) as Uint8Array<ArrayBuffer>,
        ".zattrs": node.source.zattrs as Uint8Array<ArrayBuffer>,
      };
    }
    if (node.type === "group") {
      const { zgroup, zattrs } = groupToV2(node.metadata);
      return {
        ".zgroup": encoder.encode(stringifyJson(zgroup)),
        ".zattrs": encoder.encode(stringifyJson(zattrs)),
      };
    }
    const array = await this.array(path);
    const written = array && arrayToV2(array.metadata);
    return written && {
      ".zarray": encoder.encode(stringifyJson(written.zarray)),
      ".zattrs": encoder.encode(stringifyJson(written.zattrs)),
    };
  }

  async #v2Consolidated(path: string): Promise<Uint8Array> {
    const self = await this.manifest.node(path) as Node;
    const nodes: Array<[string, Node]> = [[path, self], ...await this.descendants(path)];
    const entries: V2Descendant[] = [];
    for (const [nodePath, node] of nodes) {
      const documents = await this.#v2Documents(nodePath, node);
      if (!documents) continue;
      const below = nodePath.slice(path === "" ? 0 : path.length + 1);
      entries.push([below, {
        zarray: textOf(documents[".zarray"]),
        zattrs: textOf(documents[".zattrs"]),
      }]);
    }
    return encoder.encode(zmetadata(entries));
  }

  /** A chunk key in the encoding that the array's own metadata tells. */
  async #sourceChunkKey(key: string): Promise<ChunkKey | undefined> {
    for (const { path, rest } of chunkKeyCandidates(key)) {
      const array = await this.array(path);
      if (!array) continue;
      const node = await this.manifest.node(path) as ArrayNode;
      const { encoding, separator } = chunkKeyEncoding(node, this.view);
      const coords = parseChunkCoords(rest, encoding, separator, array.grid.length);
      return coords && { path, coords };
    }
    return undefined;
  }
}

/** How an array's chunk keys are spelled in the native and v2 views. */
function chunkKeyEncoding(
  node: ArrayNode,
  view: View,
): { encoding: "default" | "v2"; separator: string } {
  if (view === "v2") {
    const zarray = node.source?.zarrFormat === 2 && node.source.document
      ? parseJson(decoder.decode(node.source.document)) as { dimension_separator?: string }
      : {};
    return { encoding: "v2", separator: zarray.dimension_separator ?? "." };
  }
  const { name, configuration } = node.metadata.chunk_key_encoding;
  const encoding = name === "v2" ? "v2" : "default";
  const separator = configuration?.separator ?? (encoding === "v2" ? "." : "/");
  return { encoding, separator: String(separator) };
}

function viewArray(path: string, node: ArrayNode, view: View): ArrayView {
  const native = node.metadata;
  if (native.chunk_grid.name !== "regular") {
    throw new SluiceError("index-invalid", `Cannot serve the chunk grid of "${path}"`);
  }
  const untouched = view === "native" || (view === "v2" && node.source?.zarrFormat === 2);
  const plan: ChunkPlan = untouched ? { tier: "pass", codecs: native.codecs } : planArray(native);
  const metadata: ArrayMetadata = untouched ? native : {
    ...native,
    codecs: plan.codecs,
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  };
  return {
    path,
    native,
    metadata,
    plan,
    grid: gridShape(native),
    unsupported: node.unsupported,
  };
}

function textOf(document: Uint8Array | undefined): string | undefined {
  return document && decoder.decode(document);
}

function relative(path: string, nodes: Array<[string, Node]>): Descendant[] {
  const skip = path === "" ? 0 : path.length + 1;
  return nodes.map(([name, node]) => [name.slice(skip), node.metadata]);
}
