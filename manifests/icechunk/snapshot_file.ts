/**
 * A snapshot file: the nodes of one version and the manifests that hold their references. Read in
 * place; beside the buffer there is one number a node.
 * Source: the Icechunk specification and its `snapshot.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { decodeText, Flatbuffer, parsing } from "./flatbuffer.ts";
import { decodeObjectId, encodeObjectId } from "./object_id.ts";

/** The manifest files that an array uses, and the part of its chunk grid that each covers. */
export interface ManifestExtents {
  /** Number of manifest files. */
  readonly count: number;
  /** 12 bytes a manifest file. */
  readonly ids: Uint8Array;
  /** Numbers a manifest file has in `extents`: two a dimension. */
  readonly stride: number;
  /** `from` (inclusive) and `to` (exclusive) of each dimension, one after the other. */
  readonly extents: Uint32Array;
}

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

/** A snapshot file's FlatBuffer. Paths are as in `Manifest`: no slash at either end. */
export class SnapshotFile {
  /** 20 characters. */
  readonly id: string;
  /** The snapshot before, which only version 1 files tell. */
  readonly parent?: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** What the writer said of it; of a long one the first 4,096 bytes. */
  readonly message: string;
  readonly #buffer: Flatbuffer;
  readonly #root: number;
  /** Positions of the NodeSnapshot tables, in the order of their paths' bytes. */
  readonly #nodes: Uint32Array;

  /**
   * Reads what identifies the snapshot, and orders its nodes.
   *
   * @throws IndexError (and so does every method)
   */
  constructor(body: Uint8Array) {
    const buffer = new Flatbuffer(body);
    this.#buffer = buffer;
    const read = parsing("A snapshot file", () => {
      const root = buffer.root();
      const parent = buffer.field(root, SNAPSHOT.parent);
      const time = buffer.field(root, SNAPSHOT.time);
      return {
        root,
        id: encodeObjectId(
          buffer.struct(buffer.required(root, SNAPSHOT.id, "a snapshot's id"), 12),
        ),
        parent: parent === 0 ? undefined : encodeObjectId(buffer.struct(parent, 12)),
        time: time === 0 ? 0 : Math.floor(buffer.u64(time) / 1000),
        message: buffer.shortText(buffer.required(root, SNAPSHOT.message, "a snapshot's message")),
      };
    });
    this.#root = read.root;
    this.id = read.id;
    this.parent = read.parent;
    this.time = read.time;
    this.message = read.message;
    this.#nodes = parsing("A snapshot file", () => this.#orderedNodes());
  }

  /** Bytes that this holds. */
  get bytes(): number {
    return this.#buffer.bytes.length + this.#nodes.byteLength + 1024;
  }

  /** Number of nodes. */
  get nodes(): number {
    return this.#nodes.length;
  }

  /** The node at `path`; undefined if there is none. */
  node(path: string): SnapshotNode | undefined {
    return parsing("A snapshot file", () => {
      const wanted = new TextEncoder().encode(`/${path}`);
      const at = this.#lowerBound(wanted);
      if (at === this.#nodes.length || compareBytes(this.#path(at), wanted) !== 0) return undefined;
      return this.#node(this.#nodes[at]);
    });
  }

  /** Names of the nodes directly below `path`, sorted. */
  children(path: string): string[] {
    return parsing("A snapshot file", () => {
      const prefix = new TextEncoder().encode(path === "" ? "/" : `/${path}/`);
      const names: string[] = [];
      for (let at = this.#lowerBound(prefix); at < this.#nodes.length; at++) {
        const full = this.#path(at);
        if (compareBytes(full.subarray(0, prefix.length), prefix) !== 0) break;
        const name = full.subarray(prefix.length);
        if (name.length > 0 && !name.includes(0x2f)) names.push(decodeText(name));
      }
      return names.sort();
    });
  }

  /** Number of manifest files that this snapshot uses. */
  get manifestFileCount(): number {
    return this.#manifestFiles().count;
  }

  /** The manifest files that this snapshot uses, at most `limit` of them. */
  manifestFiles(limit: number): ManifestFileInfo[] {
    return parsing("A snapshot file", () => {
      const { start, count, structs } = this.#manifestFiles();
      return Array.from(
        { length: Math.min(limit, count) },
        (_, i) => this.#manifestFile(start, i, structs),
      );
    });
  }

  /** What is known of a manifest file; undefined if the snapshot does not list it. */
  manifestFile(id: string): ManifestFileInfo | undefined {
    const wanted = decodeObjectId(id);
    return parsing("A snapshot file", () => {
      const { start, count, structs } = this.#manifestFiles();
      for (let i = 0; wanted && i < count; i++) {
        const at = this.#manifestFileId(start, i, structs);
        if (compareBytes(this.#buffer.struct(at, 12), wanted) === 0) {
          return this.#manifestFile(start, i, structs);
        }
      }
      return undefined;
    });
  }

  /** Where the manifest files are listed: version 1 has structs, version 2 has tables. */
  #manifestFiles(): { start: number; count: number; structs: boolean } {
    const buffer = this.#buffer;
    return parsing("A snapshot file", () => {
      for (const [field, itemBytes] of [[SNAPSHOT.filesV2, 4], [SNAPSHOT.files, 32]]) {
        const position = buffer.field(this.#root, field);
        const start = position === 0 ? 0 : buffer.vector(position, itemBytes);
        const count = start === 0 ? 0 : buffer.count(start);
        if (count > 0) return { start, count, structs: itemBytes === 32 };
      }
      return { start: 0, count: 0, structs: false };
    });
  }

  #manifestFileId(start: number, place: number, structs: boolean): number {
    const buffer = this.#buffer;
    if (structs) return start + 32 * place;
    return buffer.required(buffer.follow(start + 4 * place), 0, "a manifest's id");
  }

  #manifestFile(start: number, place: number, structs: boolean): ManifestFileInfo {
    const buffer = this.#buffer;
    const at = this.#manifestFileId(start, place, structs);
    const id = encodeObjectId(buffer.struct(at, 12));
    if (structs) return { id, bytes: buffer.u64(at + 16), refs: buffer.u32(at + 24) };
    const table = buffer.follow(start + 4 * place);
    const bytes = buffer.field(table, 1);
    const refs = buffer.field(table, 2);
    return {
      id,
      bytes: bytes === 0 ? 0 : buffer.u64(bytes),
      refs: refs === 0 ? 0 : buffer.u32(refs),
    };
  }

  #node(table: number): SnapshotNode {
    const buffer = this.#buffer;
    const userData = buffer.bytesAt(buffer.required(table, NODE.userData, "a node's metadata"));
    const typeField = buffer.field(table, NODE.type);
    const type = typeField === 0 ? 0 : buffer.u8(typeField);
    if (type === 2) return { type: "group", userData };
    if (type !== 1) throw new IndexError(`A snapshot holds a node of unknown type ${type}`);
    const data = buffer.follow(buffer.required(table, NODE.data, "an array's data"));
    buffer.required(data, 2, "an array's manifests");
    const manifests = this.#manifests(data);
    const id = encodeObjectId(buffer.struct(buffer.required(table, NODE.id, "a node's id"), 8));
    return { type: "array", userData, id, manifests };
  }

  #manifests(data: number): ManifestExtents {
    const buffer = this.#buffer;
    const refs = [...buffer.tables(data, 2)];
    const startOf = (ref: number) =>
      buffer.vector(buffer.required(ref, 1, "a manifest's extents"), 8);
    const stride = 2 * Math.max(0, ...refs.slice(0, 1).map((ref) => buffer.count(startOf(ref))));
    // What each takes at least: less of it could ask for any amount of memory.
    if (refs.length * (24 + 4 * stride) > buffer.bytes.length) {
      throw new IndexError("An array's manifests share their extents");
    }
    const ids = new Uint8Array(12 * refs.length);
    const extents = new Uint32Array(stride * refs.length);
    for (const [i, ref] of refs.entries()) {
      ids.set(buffer.struct(buffer.required(ref, 0, "a manifest's id"), 12), 12 * i);
      const start = startOf(ref);
      if (2 * buffer.count(start) !== stride) {
        throw new IndexError("An array's manifests differ in their number of dimensions");
      }
      for (let k = 0; k < stride; k++) extents[stride * i + k] = buffer.u32(start + 4 * k);
    }
    return { count: refs.length, ids, stride, extents };
  }

  #path(at: number): Uint8Array {
    const buffer = this.#buffer;
    return buffer.bytesAt(buffer.required(this.#nodes[at], NODE.path, "a node's path"));
  }

  #orderedNodes(): Uint32Array {
    const buffer = this.#buffer;
    const field = buffer.required(this.#root, SNAPSHOT.nodes, "a snapshot's nodes");
    const start = buffer.vector(field, 4);
    const nodes = new Uint32Array(buffer.count(start));
    const pathOf = (table: number) =>
      buffer.bytesAt(buffer.required(table, NODE.path, "a node's path"));
    let ordered = true;
    for (let i = 0; i < nodes.length; i++) {
      nodes[i] = buffer.follow(start + 4 * i);
      if (i > 0 && ordered) ordered = compareBytes(pathOf(nodes[i - 1]), pathOf(nodes[i])) < 0;
    }
    if (ordered) return nodes;
    // Writers differ in how "/" compares with other characters.
    nodes.sort((a, b) => compareBytes(pathOf(a), pathOf(b)));
    for (let i = 1; i < nodes.length; i++) {
      if (compareBytes(pathOf(nodes[i - 1]), pathOf(nodes[i])) === 0) {
        throw new IndexError("A snapshot lists a node twice");
      }
    }
    return nodes;
  }

  #lowerBound(wanted: Uint8Array): number {
    let low = 0;
    let high = this.#nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.#path(middle), wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
