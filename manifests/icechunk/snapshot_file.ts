/**
 * A snapshot file: the nodes of one version and the manifests that hold their references. Read in
 * place; beside the buffer there is one number a
 * node and a manifest file.
 * Source: the Icechunk specification and its `snapshot.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { childPath, mustBePlain } from "../node_tree.ts";
import { compareBytes, decodeText, Flatbuffer, parsing, parsingInSlices } from "./flatbuffer.ts";
import type { ManifestExtents } from "./manifest_extents.ts";
import { decodeObjectId, encodeObjectId } from "./object_id.ts";
import { SortedTables } from "./sorted_tables.ts";

/** A node of a snapshot. */
export type SnapshotNode =
  | { readonly type: "group"; readonly userData: Uint8Array }
  | {
    readonly type: "array";
    /** `zarr.json`, in place. */
    readonly userData: Uint8Array;
    /** 13 characters. */
    readonly id: string;
    readonly manifests: ManifestExtents;
  };

/** What a snapshot says of a manifest file. */
export interface ManifestFileInfo {
  /** 20 characters. */
  readonly id: string;
  /** Bytes of the file. */
  readonly bytes: number;
  /** References in it, of all arrays. */
  readonly refs: number;
}

// Fields by their ids.
const SNAPSHOT = { id: 0, parent: 1, nodes: 2, time: 3, message: 4, files: 6, filesV2: 7 } as const;
const NODE = { id: 0, path: 1, userData: 2, type: 3, data: 4 } as const;

/** Items looked at before other work may have a turn. */
const AT_ONCE = 256;
/** Dimensions of an array at most. */
const MAX_RANK = 64;
const WHAT = "A snapshot file";
const encoder = new TextEncoder();

/**
 * A snapshot file's FlatBuffer. Paths are as in `Manifest`: no slash at either end.
 *
 * Every method throws IndexError.
 */
export class SnapshotFile {
  /** 20 characters. */
  readonly id: string;
  /** The snapshot before, which only version 1 files tell. */
  readonly parent?: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** What the writer said of it; of a long one the first 4,096 bytes. */
  readonly message: string;

  private constructor(
    readonly buffer: Flatbuffer,
    root: number,
    /** The nodes by their paths. */
    readonly nodes: SortedTables,
    /** The manifest files that this snapshot uses, by their ids. */
    readonly files: SortedTables,
    /** True if the manifest files are structs, as version 1 has them. */
    readonly hasStructs: boolean,
  ) {
    const parent = buffer.field(root, SNAPSHOT.parent);
    const time = buffer.field(root, SNAPSHOT.time);
    this.id = encodeObjectId(
      buffer.struct(buffer.required(root, SNAPSHOT.id, "a snapshot's id"), 12),
    );
    if (parent !== 0) this.parent = encodeObjectId(buffer.struct(parent, 12));
    this.time = time === 0 ? 0 : Math.floor(buffer.u64(time) / 1000);
    this.message = buffer.shortText(
      buffer.required(root, SNAPSHOT.message, "a snapshot's message"),
    );
  }

  /** Reads what identifies the snapshot, and orders its nodes and manifest files. */
  static read(body: Uint8Array): Promise<SnapshotFile> {
    return parsingInSlices(WHAT, SnapshotFile.#read(new Flatbuffer(body)));
  }

  static *#read(buffer: Flatbuffer): Generator<void, SnapshotFile> {
    const root = buffer.root();
    buffer.required(root, SNAPSHOT.nodes, "a snapshot's nodes");
    const nodes = yield* SortedTables.read(buffer, {
      what: "Nodes",
      ...buffer.items(root, SNAPSHOT.nodes),
      distinct: true,
      key: (table) => buffer.bytesAt(buffer.required(table, NODE.path, "a node's path")),
    });
    for (const [i, table] of nodes.positions.entries()) {
      if (i % AT_ONCE === 0) yield;
      const path = decodeText(nodes.key(table));
      if (!path.startsWith("/")) throw new IndexError("A node's path has no slash before it");
      mustBePlain(childPath(path.slice(1), "zarr.json"));
    }
    const tables = buffer.items(root, SNAPSHOT.filesV2);
    const hasStructs = tables.count === 0;
    const files = yield* SortedTables.read(buffer, {
      what: "Manifest files",
      ...hasStructs ? { ...buffer.items(root, SNAPSHOT.files, 32), structBytes: 32 } : tables,
      key: (at) => buffer.struct(hasStructs ? at : buffer.required(at, 0, "a manifest's id"), 12),
    });
    return new SnapshotFile(buffer, root, nodes, files, hasStructs);
  }

  /** Bytes that this holds. */
  get bytes(): number {
    return this.buffer.bytes.length + this.nodes.bytes + this.files.bytes + 1024;
  }

  /** The node at `path`; undefined if there is none. */
  node(path: string): Promise<SnapshotNode | undefined> {
    return parsingInSlices(WHAT, this.#node(path));
  }

  /** Names of the nodes directly below `path`, sorted. */
  children(path: string): Promise<string[]> {
    return parsingInSlices(WHAT, this.#children(path));
  }

  /** The manifest files that this snapshot uses, at most `limit` of them. */
  manifestFiles(limit: number): ManifestFileInfo[] {
    return parsing(
      WHAT,
      () => Array.from(this.files.positions.subarray(0, limit), (at) => this.#manifestFile(at)),
    );
  }

  /** What is known of a manifest file; undefined if the snapshot does not list it. */
  manifestFile(id: string): ManifestFileInfo | undefined {
    const wanted = decodeObjectId(id);
    return parsing(WHAT, () => {
      const at = wanted && this.files.find(wanted);
      return at === undefined ? undefined : this.#manifestFile(at);
    });
  }

  #manifestFile(at: number): ManifestFileInfo {
    const { buffer } = this;
    const id = encodeObjectId(this.files.key(at));
    if (this.hasStructs) return { id, bytes: buffer.u64(at + 16), refs: buffer.u32(at + 24) };
    const bytes = buffer.field(at, 1);
    const refs = buffer.field(at, 2);
    return {
      id,
      bytes: bytes === 0 ? 0 : buffer.u64(bytes),
      refs: refs === 0 ? 0 : buffer.u32(refs),
    };
  }

  *#children(path: string): Generator<void, string[]> {
    const prefix = encoder.encode(path === "" ? "/" : `/${path}/`);
    const { positions } = this.nodes;
    const names: string[] = [];
    for (let at = this.nodes.lowerBound(prefix); at < positions.length; at++) {
      if (at % AT_ONCE === 0) yield;
      const full = this.nodes.key(positions[at]);
      if (compareBytes(full.subarray(0, prefix.length), prefix) !== 0) break;
      const name = full.subarray(prefix.length);
      if (name.length > 0 && !name.includes(0x2f)) names.push(decodeText(name));
    }
    return names.sort();
  }

  *#node(path: string): Generator<void, SnapshotNode | undefined> {
    const { buffer } = this;
    const table = this.nodes.find(encoder.encode(`/${path}`));
    if (table === undefined) return undefined;
    const userData = buffer.bytesAt(buffer.required(table, NODE.userData, "a node's metadata"));
    const typeField = buffer.field(table, NODE.type);
    const type = typeField === 0 ? 0 : buffer.u8(typeField);
    if (type === 2) return { type: "group", userData };
    if (type !== 1) throw new IndexError(`A snapshot holds a node of unknown type ${type}`);
    const data = buffer.follow(buffer.required(table, NODE.data, "an array's data"));
    buffer.required(data, 2, "an array's manifests");
    const manifests = yield* this.#manifests(data);
    const id = encodeObjectId(buffer.struct(buffer.required(table, NODE.id, "a node's id"), 8));
    return { type: "array", userData, id, manifests };
  }

  *#manifests(data: number): Generator<void, ManifestExtents> {
    const { buffer } = this;
    const { start, count } = buffer.items(data, 2);
    const startOf = (ref: number) =>
      buffer.vector(buffer.required(ref, 1, "a manifest's extents"), 8);
    const rank = count === 0 ? 0 : buffer.count(startOf(buffer.follow(start)));
    if (rank > MAX_RANK) throw new IndexError(`An array's manifests have ${rank} dimensions`);
    const stride = 2 * rank;
    // What each takes at least: less of it could ask for any amount of memory.
    if (count * (24 + 4 * stride) > buffer.bytes.length) {
      throw new IndexError("An array's manifests share their extents");
    }
    const ids = new Uint8Array(12 * count);
    const extents = new Uint32Array(stride * count);
    for (let i = 0; i < count; i++) {
      if (i % AT_ONCE === 0) yield;
      const ref = buffer.follow(start + 4 * i);
      ids.set(buffer.struct(buffer.required(ref, 0, "a manifest's id"), 12), 12 * i);
      const from = startOf(ref);
      if (2 * buffer.count(from) !== stride) {
        throw new IndexError("An array's manifests differ in their number of dimensions");
      }
      for (let k = 0; k < stride; k++) extents[stride * i + k] = buffer.u32(from + 4 * k);
    }
    return { count, ids, stride, extents };
  }
}
