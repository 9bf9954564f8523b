/** The partitions of a kerchunk Parquet set: which state of each is used, read when they are needed. */

import { LRUCache } from "lru-cache";
import { IndexError, OriginError } from "../../src/errors.ts";
import type { OpenOptions } from "../../src/manifest.ts";
import { Limit } from "../../src/origin/limit.ts";
import type { Origin, OriginBody } from "../../src/origin/origin.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import { urlBelow } from "../folder_url.ts";
import { wholeFile } from "../index_file.ts";
import { VersionHash } from "../index_stream.ts";
import { inSlices } from "../slices.ts";
import { whileWanted } from "../../src/origin/ending.ts";
import { type Partition, PartitionReader } from "./partition.ts";

/** What does not change when the set is written anew. */
export interface ParquetSource {
  /** The folder, with its slash. */
  readonly root: URL;
  /** What its files are read from. */
  readonly origin: Origin;
  /** What the set was opened with. */
  readonly options: OpenOptions;
  /** Tells this set's partitions from those of others in the cache. */
  readonly id: string;
}

/** A partition in the cache, or that there is none. */
interface ReadPartition {
  readonly partition: Partition | undefined;
  /** Why the file that is there is no partition: it is not read again while it is the same. */
  readonly fault?: IndexError;
  readonly validator?: Validator;
  /** Names what was read: two reads of the same state have the same. */
  readonly state: string;
}

/** Partitions whose files are in memory at the same time; each takes some megabytes until it is packed. */
const CONCURRENT_READS = 4;
/** Reads that may wait for one of those; as many as one origin's do. */
const QUEUED_READS = 1024;
/** Weight of a partition that does not exist. */
const ABSENT_BYTES = 256;

/** Partitions that a manifest remembers the states of. */
const PINNED = 1024;
/** Conditional reads of a refresh that are under way at the same time. */
const CONCURRENT_LOOKS = 16;
/** The state of a partition that is not there. */
const ABSENT = "absent";
/** The state of a file that is too large to be read and does not tell its own. */
const UNREAD = "unread";

/** What helps against files that are too large. */
export const LESS_A_PARTITION = "Write the set again with a smaller record_size";

/**
 * The files of one state of a set. The first read of a partition pins the state that it is in: later ones
 * must find the same, until {@link changed} finds another and {@link successor} begins anew. So no answer
 * mixes rows of before and after a rewrite, also where `.zmetadata` stays as it was.
 */
export class PartitionFiles {
  readonly #reader: PartitionReader;
  readonly #reads = new Limit(CONCURRENT_READS, QUEUED_READS);
  readonly #decoding = new Limit(1, CONCURRENT_READS);
  readonly #reading = new Map<string, Promise<ReadPartition>>();
  /** By the partition's name, `a/0`: what of it was used. */
  readonly #pins = new LRUCache<string, Omit<ReadPartition, "partition">>({ max: PINNED });
  /** Partitions that were there in an earlier state of the set. */
  readonly #gone = new Set<string>();
  /** True once another state has taken over: no partition is read any more. */
  superseded = false;

  /**
   * Reads nothing yet.
   *
   * @param zmetadata the set's `.zmetadata`
   * @param validator the state that it was read in
   */
  constructor(
    readonly source: ParquetSource,
    readonly zmetadata: Uint8Array,
    readonly recordSize: number,
    public validator: Validator | undefined,
  ) {
    this.#reader = new PartitionReader(source.options.maxIndexBytes);
  }

  /**
   * The files after a change in some of them.
   *
   * @param changed as {@link changed} found
   */
  successor(changed: ReadonlyMap<string, string>): PartitionFiles {
    const next = new PartitionFiles(this.source, this.zmetadata, this.recordSize, this.validator);
    for (const name of this.#gone) next.#gone.add(name);
    for (const [name, pin] of this.#pins.entries()) {
      if (!changed.has(name)) next.#pins.set(name, pin);
      else if (changed.get(name) === ABSENT) next.#gone.add(name);
    }
    return next;
  }

  /** The used partitions that are no longer as they were, by name, with their states now. */
  async changed(): Promise<Map<string, string>> {
    const changed = new Map<string, string>();
    const pins = [...this.#pins.entries()];
    const lookAtNext = async () => {
      for (let next = pins.pop(); next !== undefined; next = pins.pop()) {
        const [name, pin] = next;
        const state = await this.#stateNow(name, pin.validator);
        if (state !== undefined && state !== pin.state) changed.set(name, state);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_LOOKS }, lookAtNext));
    return new Map([...changed].sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** The state of a partition's file; undefined if it still is the one of `unless`. */
  async #stateNow(name: string, unless: Validator | undefined): Promise<string | undefined> {
    try {
      const body = await this.look(fileOf(name), unless);
      if (body.notModified) return undefined;
      if (body.validator === undefined) return await this.#hash(body);
      await body.cancel();
      return stateOf(body.validator);
    } catch (fault) {
      if (isAbsence(fault)) return ABSENT;
      throw fault;
    }
  }

  async #hash(body: OriginBody): Promise<string> {
    try {
      const bytes = await wholeFile(body, this.source.options.maxIndexBytes, LESS_A_PARTITION);
      return new VersionHash().update(bytes).digest();
    } catch (fault) {
      if (fault instanceof IndexError) return UNREAD;
      throw fault;
    }
  }

  /**
   * A partition; undefined if the origin says that there is no such file.
   *
   * @param signal ends the waiting; the read goes on for others, and for the next one who asks
   * @throws IndexError, OriginError (`source-changed` if the set was written anew since)
   */
  async partition(
    path: string,
    record: number,
    signal?: AbortSignal,
  ): Promise<Partition | undefined> {
    const name = path === "" ? `${record}` : `${path}/${record}`;
    const { options: { cache }, id } = this.source;
    const key = `partition ${id} ${this.recordSize} ${name}`;
    const cached = cache.peek<ReadPartition>(key);
    if (cached && cached.state === this.#pins.get(name)?.state) return usable(cached);
    if (this.superseded) throw rewritten();
    let reading = this.#reading.get(name);
    if (!reading) {
      // one read, however many ask: conditional where an earlier manifest has read it
      reading = this.#read(name, this.#pins.has(name) ? undefined : cached).then((value) => {
        cache.set(key, value, weight(value));
        return value;
      }).finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
    return this.#pinned(name, await whileWanted(reading, signal));
  }

  /** A partition that may be used: in the state in which it was used before. */
  #pinned(name: string, read: ReadPartition): Partition | undefined {
    const { validator, state } = read;
    const pin = this.#pins.get(name);
    if (pin === undefined) {
      // a newer manifest may have read it while this one waited
      if (this.superseded) throw rewritten();
      this.#pins.set(name, { validator, state });
    } else if (pin.state !== state) throw rewritten();
    return usable(read);
  }

  async #read(name: string, cached: ReadPartition | undefined): Promise<ReadPartition> {
    await this.#reads.take();
    try {
      return await this.#readNow(name, cached);
    } finally {
      this.#reads.give();
    }
  }

  async #readNow(name: string, cached: ReadPartition | undefined): Promise<ReadPartition> {
    let body: OriginBody;
    try {
      body = await this.look(fileOf(name), cached?.validator);
    } catch (fault) {
      if (!isAbsence(fault)) throw fault;
      if (this.#gone.has(name)) throw rewritten(fault);
      // in the middle of a rewrite files are missing that no index says are absent
      await this.#mustBeCurrent();
      return { partition: undefined, state: ABSENT };
    }
    if (body.notModified && cached) return cached;
    const { validator } = body;
    let state = validator && stateOf(validator);
    let partition: Partition | undefined;
    let fault: IndexError | undefined;
    try {
      const bytes = await wholeFile(body, this.source.options.maxIndexBytes, LESS_A_PARTITION);
      state ??= new VersionHash().update(bytes).digest();
      partition = await this.#decoded(bytes);
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      fault = error;
    }
    const written = this.validator?.lastModified;
    if (written !== undefined && (validator?.lastModified ?? 0) > written) {
      await this.#mustBeCurrent();
    }
    return { partition, fault, validator, state: state ?? UNREAD };
  }

  /** The reader reads one partition at a time. */
  async #decoded(bytes: Uint8Array): Promise<Partition> {
    await this.#decoding.take();
    try {
      return await inSlices(this.#reader.read(bytes, this.recordSize));
    } finally {
      this.#decoding.give();
    }
  }

  /** @throws OriginError `source-changed` if `.zmetadata` is no longer the one that was read */
  async #mustBeCurrent(): Promise<void> {
    let body: OriginBody;
    try {
      body = await this.look(".zmetadata", this.validator);
    } catch (fault) {
      throw isAbsence(fault) ? rewritten(fault) : fault;
    }
    if (body.notModified) return;
    const { maxIndexBytes } = this.source.options;
    const bytes = await wholeFile(body, maxIndexBytes, LESS_A_PARTITION);
    if (!isEqual(bytes, this.zmetadata)) throw rewritten();
    this.validator = body.validator;
  }

  /** Reads a file of the set unless it is in that state. */
  look(file: string, unless: Validator | undefined): Promise<OriginBody> {
    const names = file.split("/");
    const url = urlBelow(this.source.root, names.slice(0, -1), names[names.length - 1]);
    return this.source.origin.read({ url }, undefined, { unless });
  }
}

/** The partition of a read; undefined if there is none. @throws IndexError if it cannot be one */
function usable({ partition, fault }: ReadPartition): Partition | undefined {
  if (fault) throw fault;
  return partition;
}

function weight({ partition }: ReadPartition): number {
  return ABSENT_BYTES + (partition?.heldBytes ?? 0);
}

/** The file of the partition `a/0`: `a/refs.0.parq`. */
function fileOf(name: string): string {
  return name.replace(/[^/]*$/, "refs.$&.parq");
}

function stateOf({ etag, lastModified }: Validator): string {
  return etag ?? `${lastModified}`;
}

function isAbsence(fault: unknown): boolean {
  return fault instanceof OriginError && fault.absent;
}

/** True if they are the same bytes. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function rewritten(cause?: unknown): OriginError {
  const detail = "The kerchunk Parquet set is being written anew; ask again";
  return new OriginError("source-changed", detail, {}, cause);
}
