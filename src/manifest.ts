/** What an index format gives to the gateway: a Zarr hierarchy and the address of every chunk. */

import type { ByteCache } from "./byte_cache.ts";
import type { ChunkRef } from "./chunk/ref.ts";
import type { Origin } from "./origin/origin.ts";
import type { Validator } from "./origin/source_file.ts";
import type { Node } from "./zarr/node.ts";

export type { ArrayNode, GroupNode, Node, SourceDocuments } from "./zarr/node.ts";

/**
 * {@link ChunkTable.kinds}: how a row's bytes are reached. An unusable row is one that the index has and
 * that can be no chunk: {@link Manifest.chunk} throws what is wrong with it.
 */
export const ROW_KIND = { range: 0, inline: 1, object: 2, unusable: 3 } as const;

/** Many references of one array at once, as columns of equal length. */
export interface ChunkTable {
  /** Rows in this table. */
  readonly rows: number;
  /** Chunk-grid coordinates, row after row: `rows * rank` numbers. */
  readonly coords: Uint32Array;
  /** One of {@link ROW_KIND} a row. */
  readonly kinds: Uint8Array;
  /** The distinct URLs of this table. */
  readonly urls: readonly string[];
  /** Index into `urls` a row; meaningless for inline and unusable rows. */
  readonly urlIds: Uint32Array;
  /** Bytes; exact integers up to 2⁵³. */
  readonly offsets: Float64Array;
  /** Bytes; for inline rows the size of the bytes, for objects 0. */
  readonly lengths: Float64Array;
  /** `ChunkRef.encoding` a row; absent if all are 0. */
  readonly encodings?: Uint16Array;
  /** A row's validator, where the index has them. */
  readonly validator?: (row: number) => Validator | undefined;
  /** An inline row's bytes. */
  readonly inline?: (row: number) => Uint8Array;
}

/** A version that an index names: a branch, a tag or a snapshot. */
export interface VersionInfo {
  /** What the name names; only a branch can move. */
  readonly kind: "branch" | "tag" | "snapshot";
  /** What goes behind `@` in a URL, not escaped. */
  readonly name: string;
  /** The snapshot it leads to. */
  readonly snapshot: string;
  /** Milliseconds since the Unix epoch. */
  readonly time?: number;
  /** What the writer said of the snapshot. */
  readonly message?: string;
}

/** A place outside itself that an index gives a name to. */
export interface ContainerInfo {
  /** What the index calls it. */
  readonly name: string;
  /** The URL prefix as the catalog's `origins` would name it; undefined if it is none. */
  readonly prefix?: string;
}

/**
 * An opened index. Lazy: it reads what it is asked for. Paths have no leading or trailing slash; the
 * root is `""`. Safe for concurrent use.
 *
 * Every method throws an `IndexError` if the index is malformed and an `OriginError` if it cannot be
 * read; neither is ever reported as an absent node or chunk.
 */
export interface Manifest {
  /** Snapshot id, or a hash of the index; part of every ETag and cache key. */
  readonly version: string;
  /** True if `version` can never change. */
  readonly pinned: boolean;
  /** Bytes that it holds outside the cache it was given; undefined if next to nothing. */
  readonly heldBytes?: number;
  /**
   * True if the store itself is the index: an `object` reference that the origin says does not exist
   * (404) is then an absent chunk.
   */
  readonly absentObjects?: true;
  /** The node at `path`; undefined if the index proves that there is none. */
  node(path: string): Promise<Node | undefined>;
  /** Names (not paths) of the nodes directly below the group at `path`, sorted. */
  children(path: string): Promise<string[]>;
  /**
   * The address of the chunk at chunk-grid `coords` (empty for a scalar) of the array at `path`.
   *
   * @param signal aborts once nobody waits for it; a read that others wait for goes on
   */
  chunk(
    path: string,
    coords: readonly number[],
    signal?: AbortSignal,
  ): Promise<ChunkRef | undefined>;
  /**
   * Every stored chunk of the array at `path`, in tables of at most about 100,000 rows.
   *
   * @param order "grid": in C order of the coordinates; "stored", the usual one: as is cheapest
   */
  refs(path: string, order?: "grid" | "stored"): AsyncIterable<ChunkTable>;
  /**
   * Looks whether the index has changed at its source, with one conditional read: this same manifest
   * if not, else a newly opened one. Not called on a pinned manifest.
   */
  refresh(): Promise<Manifest>;
  /** Branches, tags and the history that the index names. */
  versions?(): Promise<VersionInfo[]>;
  /** The places outside itself that the index declares; none of them is open by that. */
  containers?(): Promise<ContainerInfo[]>;
  /** What in the index may not be what its writer meant, a sentence each, for `inspect` and `check`. */
  doubts?(): Promise<string[]>;
  /** Facts for `inspect`, label → text, in order. */
  report?(): Promise<Array<[label: string, text: string]>>;
}

/** The first bytes and the name of a target, for {@link ManifestFormat.sniff}. */
export interface Probe {
  /** The target: an index, or a folder that may be one. */
  readonly url: URL;
  /** The first bytes of the object at `url` (up to 4,096); undefined if there is no such object. */
  readonly head?: Uint8Array;
  /** True if `name`, relative to `url` as a folder, exists. Answers are remembered. */
  has(name: string): Promise<boolean>;
  /** All bytes of `name`, relative to `url` as a folder; undefined if it does not exist. */
  read(name: string): Promise<Uint8Array | undefined>;
}

/** What opening an index may use. */
export interface OpenOptions {
  /** Where everything that may be dropped again is kept; shared by all datasets, bounded in bytes. */
  readonly cache: ByteCache;
  /** Bytes of an index file that may be read at once; `indexCacheBytes` of the catalog. */
  readonly maxIndexBytes: number;
  /** Branch, tag or snapshot id. Formats without versions refuse it with `not-found`. */
  readonly version?: string;
  /** The branch to open where no version is asked for; the format's default otherwise. */
  readonly branch?: string;
  /**
   * The same for all versions that are asked for between two looks at the index. What one of them was
   * not found in may be remembered until then: made-up versions are any number.
   */
  readonly look?: number;
}

/** One index format; the one export of its file or folder. Added to the table in `manifests/mod.ts`. */
export interface ManifestFormat {
  /** The name that `--format` and the catalog's `format` take, e.g. `kerchunk-json`. */
  readonly name: string;
  /** True if the URL alone tells that it is this format; nothing is read then before `open`. */
  named?(url: URL): boolean;
  /** True if what the probe sees is an index of this format. */
  sniff(probe: Probe): boolean | Promise<boolean>;
  /**
   * Opens the index at `url`, reading no more of it than it must.
   *
   * @throws IndexError, OriginError
   */
  open(url: URL, origin: Origin, options: OpenOptions): Promise<Manifest>;
}
