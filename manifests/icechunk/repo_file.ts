/**
 * The `repo` file of a version 2 repository: branches, tags, snapshots, status and configuration.
 * Source: the Icechunk specification, version 2, and its `repo.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { Flatbuffer, parsing } from "./flatbuffer.ts";
import { decodeFlexbuffer, type FlexValue } from "./flexbuffer.ts";
import { encodeObjectId } from "./object_id.ts";

/** A branch or tag, and the place of its snapshot among the snapshots. */
export interface NamedRef {
  readonly name: string;
  readonly index: number;
}

/** A snapshot as the `repo` file tells of it. */
export interface SnapshotSummary {
  readonly id: string;
  /** The place of the parent; -1 if it has none. */
  readonly parent: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly message: string;
}

/** Whether a repository may be read or written. */
export const AVAILABILITY = ["online", "read-only", "offline"] as const;

/** A `repo` file, read in place. @throws IndexError (every method) */
export class RepoFile {
  readonly #buffer: Flatbuffer;
  readonly #root: number;

  constructor(body: Uint8Array) {
    this.#buffer = new Flatbuffer(body);
    this.#root = parsing("The repo file", () => this.#buffer.root());
    const snapshots = this.#read(() => this.#vector(4));
    this.snapshots = snapshots.count;
  }

  /** Number of snapshots. */
  readonly snapshots: number;

  tags(): NamedRef[] {
    return this.#refs(1);
  }

  branches(): NamedRef[] {
    return this.#refs(2);
  }

  /** True if a tag of that name was deleted; such a name is never used again. */
  isDeletedTag(name: string): boolean {
    return this.#read(() => {
      const buffer = this.#buffer;
      const { start, count } = this.#vector(3);
      for (let i = 0; i < count; i++) if (buffer.text(start + 4 * i) === name) return true;
      return false;
    });
  }

  /** The snapshot at a place. */
  snapshot(index: number): SnapshotSummary {
    return this.#read(() => {
      const buffer = this.#buffer;
      const table = this.#snapshotTable(index);
      const parent = buffer.field(table, 1);
      const time = buffer.field(table, 2);
      return {
        id: this.#snapshotId(table),
        // The schema's default is 0, the first snapshot.
        parent: parent === 0 ? 0 : buffer.i32(parent),
        time: time === 0 ? 0 : Math.floor(buffer.u64(time) / 1000),
        message: buffer.text(buffer.required(table, 3, "a snapshot's message")),
      };
    });
  }

  /** The place of a snapshot; -1 if there is none. */
  indexOf(id: string): number {
    return this.#read(() => {
      for (let i = 0; i < this.snapshots; i++) {
        if (this.#snapshotId(this.#snapshotTable(i)) === id) return i;
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

  get status(): { availability: typeof AVAILABILITY[number]; reason?: string } {
    return this.#read(() => {
      const buffer = this.#buffer;
      const table = buffer.follow(buffer.required(this.#root, 5, "the repository's status"));
      const field = buffer.field(table, 0);
      const availability = AVAILABILITY[field === 0 ? 0 : buffer.u8(field)];
      if (!availability) throw new IndexError("The repository has an unknown status");
      return { availability, reason: buffer.optionalText(table, 2) };
    });
  }

  /** The configuration stored with the repository; null if it has none. */
  config(): FlexValue {
    const bytes = this.#read(() => this.#buffer.optionalBytes(this.#root, 9));
    return bytes?.length ? decodeFlexbuffer(bytes) : null;
  }

  #refs(field: number): NamedRef[] {
    return this.#read(() => {
      const buffer = this.#buffer;
      return Array.from(buffer.tables(this.#root, field), (table) => {
        const index = buffer.field(table, 1);
        return {
          name: buffer.text(buffer.required(table, 0, "a reference's name")),
          index: index === 0 ? 0 : buffer.u32(index),
        };
      });
    });
  }

  #vector(field: number): { start: number; count: number } {
    const buffer = this.#buffer;
    const start = buffer.vector(buffer.required(this.#root, field, "a list of the repo file"), 4);
    return { start, count: buffer.count(start) };
  }

  #snapshotTable(index: number): number {
    if (!(index < this.snapshots)) throw new IndexError("A reference leads to no snapshot");
    return this.#buffer.follow(this.#vector(4).start + 4 * index);
  }

  #snapshotId(table: number): string {
    const buffer = this.#buffer;
    return encodeObjectId(buffer.struct(buffer.required(table, 0, "a snapshot's id"), 12));
  }

  #read<T>(read: () => T): T {
    return parsing("The repo file", read);
  }
}
