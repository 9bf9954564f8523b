/**
 * The `repo` file of a version 2 repository: branches, tags, snapshots, status and configuration.
 * Source: the Icechunk specification, version 2, and its `repo.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { Flatbuffer, parsing } from "./flatbuffer.ts";
import { decodeFlexbuffer, type FlexValue } from "./flexbuffer.ts";
import { decodeObjectId, encodeObjectId } from "./object_id.ts";

/** A branch or tag, and the place of its snapshot among the snapshots. */
export interface NamedRef {
  /** As the repository spells it, not escaped. */
  readonly name: string;
  /** The snapshot's place, from 0. */
  readonly index: number;
}

/** A snapshot as the `repo` file tells of it. */
export interface SnapshotSummary {
  /** 20 characters. */
  readonly id: string;
  /** The place of the parent; -1 if it has none. */
  readonly parent: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** What the writer said of it; of a long one the first 4,096 bytes. */
  readonly message: string;
}

/** Whether a repository may be read and written, read only, or neither. */
export type Availability = "online" | "read-only" | "offline";

/** By their numbers in the file. */
const AVAILABILITY: readonly Availability[] = ["online", "read-only", "offline"];

// Fields of the root table by their ids.
const TAGS = 1, BRANCHES = 2, DELETED_TAGS = 3, SNAPSHOTS = 4, STATUS = 5, CONFIG = 9;

/** A `repo` file, read in place. @throws IndexError (every method) */
export class RepoFile {
  /** Number of snapshots. */
  readonly snapshots: number;
  readonly #buffer: Flatbuffer;
  readonly #root: number;

  /** Reads how many snapshots there are. @param body the FlatBuffer, out of its compression */
  constructor(body: Uint8Array) {
    this.#buffer = new Flatbuffer(body);
    this.#root = parsing("The repo file", () => this.#buffer.root());
    const snapshots = this.#read(() => this.#vector(SNAPSHOTS));
    this.snapshots = snapshots.count;
  }

  /** Bytes that this holds. */
  get bytes(): number {
    return this.#buffer.bytes.length;
  }

  /** The first `limit` tags by name. */
  tags(limit: number): NamedRef[] {
    return this.#refs(TAGS, limit).filter(({ name }) => !this.#isDeletedTag(name));
  }

  /** The first `limit` branches by name. */
  branches(limit: number): NamedRef[] {
    return this.#refs(BRANCHES, limit);
  }

  /** The tag of that name; undefined if there is none, or it was deleted. */
  tag(name: string): NamedRef | undefined {
    return this.#isDeletedTag(name) ? undefined : this.#ref(TAGS, name);
  }

  /** The branch of that name; undefined if there is none. */
  branch(name: string): NamedRef | undefined {
    return this.#ref(BRANCHES, name);
  }

  /** The snapshot at a place. */
  snapshot(index: number): SnapshotSummary {
    return this.#read(() => {
      const buffer = this.#buffer;
      const table = this.#snapshotTable(index);
      const parent = buffer.field(table, 1);
      const time = buffer.field(table, 2);
      return {
        id: encodeObjectId(this.#snapshotId(table)),
        // The schema's default is 0, the first snapshot.
        parent: parent === 0 ? 0 : buffer.i32(parent),
        time: time === 0 ? 0 : Math.floor(buffer.u64(time) / 1000),
        message: buffer.shortText(buffer.required(table, 3, "a snapshot's message")),
      };
    });
  }

  /** The place of a snapshot; -1 if there is none. */
  indexOf(id: string): number {
    const wanted = decodeObjectId(id);
    return this.#read(() => {
      for (let i = 0; wanted && i < this.snapshots; i++) {
        if (sameBytes(this.#snapshotId(this.#snapshotTable(i)), wanted)) return i;
      }
      return -1;
    });
  }

  /** The history that ends at a place, newest first, at most `limit` snapshots. */
  history(index: number, limit: number): SnapshotSummary[] {
    const found: SnapshotSummary[] = [];
    const most = Math.min(limit, this.snapshots);
    for (let at = index; at >= 0 && found.length < most;) {
      const snapshot = this.snapshot(at);
      found.push(snapshot);
      at = snapshot.parent;
    }
    return found;
  }

  /** Whether the repository may be read and written, and its owner's reason. */
  get status(): { availability: Availability; reason?: string } {
    return this.#read(() => {
      const buffer = this.#buffer;
      const table = buffer.follow(buffer.required(this.#root, STATUS, "the repository's status"));
      const field = buffer.field(table, 0);
      const availability = AVAILABILITY[field === 0 ? 0 : buffer.u8(field)];
      if (!availability) throw new IndexError("The repository has an unknown status");
      return { availability, reason: buffer.optionalText(table, 2) };
    });
  }

  /** The configuration stored with the repository; null if it has none. */
  config(): FlexValue {
    const bytes = this.#read(() => this.#buffer.optionalBytes(this.#root, CONFIG));
    return bytes?.length ? decodeFlexbuffer(bytes) : null;
  }

  #refs(field: number, limit: number): NamedRef[] {
    return this.#read(() => {
      const buffer = this.#buffer;
      const { start, count } = this.#vector(field);
      return Array.from({ length: Math.min(limit, count) }, (_, i) => {
        const table = buffer.follow(start + 4 * i);
        return { name: buffer.shortText(this.#nameField(table)), index: this.#index(table) };
      });
    });
  }

  #ref(field: number, name: string): NamedRef | undefined {
    const wanted = new TextEncoder().encode(name);
    return this.#read(() => {
      const buffer = this.#buffer;
      for (const table of buffer.tables(this.#root, field)) {
        if (sameBytes(buffer.bytesAt(this.#nameField(table)), wanted)) {
          return { name, index: this.#index(table) };
        }
      }
      return undefined;
    });
  }

  #nameField(table: number): number {
    return this.#buffer.required(table, 0, "a reference's name");
  }

  #index(table: number): number {
    const field = this.#buffer.field(table, 1);
    return field === 0 ? 0 : this.#buffer.u32(field);
  }

  #isDeletedTag(name: string): boolean {
    const wanted = new TextEncoder().encode(name);
    return this.#read(() => {
      const { start, count } = this.#vector(DELETED_TAGS);
      for (let i = 0; i < count; i++) {
        if (sameBytes(this.#buffer.bytesAt(start + 4 * i), wanted)) return true;
      }
      return false;
    });
  }

  #vector(field: number): { start: number; count: number } {
    const buffer = this.#buffer;
    const start = buffer.vector(buffer.required(this.#root, field, "a list of the repo file"), 4);
    return { start, count: buffer.count(start) };
  }

  #snapshotTable(index: number): number {
    if (!(index < this.snapshots)) throw new IndexError("A reference leads to no snapshot");
    return this.#buffer.follow(this.#vector(SNAPSHOTS).start + 4 * index);
  }

  #snapshotId(table: number): Uint8Array {
    const buffer = this.#buffer;
    return buffer.struct(buffer.required(table, 0, "a snapshot's id"), 12);
  }

  #read<T>(read: () => T): T {
    return parsing("The repo file", read);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
