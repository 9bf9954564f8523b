/**
 * The `repo` file of a version 2 repository: branches, tags, snapshots, status and configuration.
 * Source: the Icechunk specification, version 2, and its `repo.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { Flatbuffer, parsing, parsingInSlices } from "./flatbuffer.ts";
import { decodeObjectId, encodeObjectId } from "./object_id.ts";
import { SortedTables } from "./sorted_tables.ts";

const encoder = new TextEncoder();

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

const WHAT = "The repo file";

/**
 * A `repo` file, read in place.
 *
 * Every method throws IndexError.
 */
export class RepoFile {
  private constructor(
    readonly buffer: Flatbuffer,
    readonly root: number,
    /** By their names. */
    readonly lists: Readonly<Record<"tags" | "branches" | "deletedTags", SortedTables>>,
    /** By their ids. */
    readonly snapshots: SortedTables,
  ) {}

  /** Orders what the file lists. @param body the FlatBuffer, out of its compression */
  static read(body: Uint8Array): Promise<RepoFile> {
    return parsingInSlices(WHAT, RepoFile.#read(new Flatbuffer(body)));
  }

  static *#read(buffer: Flatbuffer): Generator<void, RepoFile> {
    const root = buffer.root();
    function* list(what: string, field: number, key: (position: number) => Uint8Array) {
      buffer.required(root, field, "a list of the repo file");
      return yield* SortedTables.read(buffer, { what, ...buffer.items(root, field), key });
    }
    const name = (table: number) => buffer.bytesAt(buffer.required(table, 0, "a reference's name"));
    return new RepoFile(
      buffer,
      root,
      {
        tags: yield* list("Tags", TAGS, name),
        branches: yield* list("Branches", BRANCHES, name),
        deletedTags: yield* list("Deleted tags", DELETED_TAGS, (text) => buffer.bytesOf(text)),
      },
      yield* list(
        "Snapshots",
        SNAPSHOTS,
        (table) => buffer.struct(buffer.required(table, 0, "a snapshot's id"), 12),
      ),
    );
  }

  /** Bytes that this holds. */
  get bytes(): number {
    const { tags, branches, deletedTags } = this.lists;
    return [tags, branches, deletedTags, this.snapshots]
      .reduce((sum, { bytes }) => sum + bytes, this.buffer.bytes.length);
  }

  /** The first `limit` tags by name. */
  tags(limit: number): NamedRef[] {
    return this.#named("tags", limit).filter(({ name }) => !this.#isDeleted(encoder.encode(name)));
  }

  /** The first `limit` branches by name. */
  branches(limit: number): NamedRef[] {
    return this.#named("branches", limit);
  }

  /** The tag of that name; undefined if there is none, or it was deleted. */
  tag(name: string): NamedRef | undefined {
    return this.#isDeleted(encoder.encode(name)) ? undefined : this.#find("tags", name);
  }

  /** The branch of that name; undefined if there is none. */
  branch(name: string): NamedRef | undefined {
    return this.#find("branches", name);
  }

  /** The snapshot at a place. */
  snapshot(index: number): SnapshotSummary {
    return parsing(WHAT, () => {
      const { start, count } = this.buffer.items(this.root, SNAPSHOTS);
      if (!(index < count)) throw new IndexError("A reference leads to no snapshot");
      return this.#summary(this.buffer.follow(start + 4 * index));
    });
  }

  /** The snapshot of that id; undefined if there is none. */
  snapshotOf(id: string): SnapshotSummary | undefined {
    const wanted = decodeObjectId(id);
    return parsing(WHAT, () => {
      const table = wanted && this.snapshots.find(wanted);
      return table === undefined ? undefined : this.#summary(table);
    });
  }

  /** The history that ends at a snapshot, newest first, at most `limit` snapshots. */
  history(id: string, limit: number): SnapshotSummary[] {
    const found: SnapshotSummary[] = [];
    const most = Math.min(limit, this.snapshots.positions.length);
    for (let at = this.snapshotOf(id); at && found.length < most;) {
      found.push(at);
      at = at.parent < 0 ? undefined : this.snapshot(at.parent);
    }
    return found;
  }

  /** Whether the repository may be read and written, and its owner's reason. */
  get status(): { availability: Availability; reason?: string } {
    return parsing(WHAT, () => {
      const { buffer } = this;
      const table = buffer.follow(buffer.required(this.root, STATUS, "the repository's status"));
      const field = buffer.field(table, 0);
      const availability = AVAILABILITY[field === 0 ? 0 : buffer.u8(field)];
      if (!availability) throw new IndexError("The repository has an unknown status");
      return { availability, reason: buffer.optionalText(table, 2) };
    });
  }

  /** The configuration stored with the repository, a FlexBuffer; undefined if it has none. */
  config(): Uint8Array | undefined {
    return parsing(WHAT, () => this.buffer.optionalBytes(this.root, CONFIG));
  }

  #summary(table: number): SnapshotSummary {
    const { buffer } = this;
    const parent = buffer.field(table, 1);
    const time = buffer.field(table, 2);
    return {
      id: encodeObjectId(this.snapshots.key(table)),
      // The schema's default is 0, the first snapshot.
      parent: parent === 0 ? 0 : buffer.i32(parent),
      time: time === 0 ? 0 : Math.floor(buffer.u64(time) / 1000),
      message: buffer.shortText(buffer.required(table, 3, "a snapshot's message")),
    };
  }

  #named(list: "tags" | "branches", limit: number): NamedRef[] {
    return parsing(
      WHAT,
      () =>
        Array.from(this.lists[list].positions.subarray(0, limit), (table) => ({
          name: this.buffer.shortText(this.buffer.required(table, 0, "a reference's name")),
          index: this.#index(table),
        })),
    );
  }

  #find(list: "tags" | "branches", name: string): NamedRef | undefined {
    return parsing(WHAT, () => {
      const table = this.lists[list].find(encoder.encode(name));
      return table === undefined ? undefined : { name, index: this.#index(table) };
    });
  }

  #index(table: number): number {
    const field = this.buffer.field(table, 1);
    return field === 0 ? 0 : this.buffer.u32(field);
  }

  #isDeleted(name: Uint8Array): boolean {
    return parsing(WHAT, () => this.lists.deletedTags.find(name) !== undefined);
  }
}
