/**
 * Kerchunk reference sets as Parquet: `.zmetadata`, and `refs.N.parq` files for each array. A partition
 * is read when a chunk of it is asked for. Source: fsspec `LazyReferenceMapper`.
 */

import { LRUCache } from "lru-cache";
import { IndexError, OriginError } from "../../src/errors.ts";
import type {
  ChunkTable,
  Manifest,
  ManifestFormat,
  Node,
  OpenOptions,
} from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import { Limit } from "../../src/origin/limit.ts";
import type { Origin, OriginBody } from "../../src/origin/origin.ts";
import { toNumber } from "../../src/json.ts";
import { chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { DocumentHierarchy, parseDocument } from "../document_hierarchy.ts";
import { folderUrl, mayBeFolder, urlBelow } from "../folder_url.ts";
import { wholeFile } from "../index_file.ts";
import { VersionHash } from "../index_stream.ts";
import { ChunkTableBuilder } from "../references/chunk_table_builder.ts";
import {
  ABSENT_ID,
  FIRST_URL_ID,
  INLINE_ID,
  UNUSABLE_ID,
} from "../references/packed_references.ts";
import { type Partition, PartitionReader } from "./partition.ts";
import { isAbsolute, referenceUrl } from "./reference_url.ts";
import { RelativePlaces } from "./relative_places.ts";
import { KnownFiles } from "../known_files.ts";
import { inSlices } from "../slices.ts";
import { refuseVersion } from "../version_option.ts";

/** `kerchunk-parquet`: a folder, read a partition at a time. */
export const kerchunkParquet: ManifestFormat = {
  name: "kerchunk-parquet",
  named: (url) => /\.parq\/?$/i.test(url.pathname),
  async sniff({ head, read }) {
    if (!mayBeFolder(head)) return false;
    const zmetadata = await read(".zmetadata");
    return zmetadata !== undefined && /"record_size"\s*:/.test(new TextDecoder().decode(zmetadata));
  },
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    const root = folderUrl(url);
    const body = await origin.read({ url: new URL(".zmetadata", root) }, undefined);
    return await KerchunkParquet.read({ root, origin, options, id: crypto.randomUUID() }, body);
  },
};

/** What does not change when the set is written anew. */
interface Source {
  /** The folder, with its slash. */
  readonly root: URL;
  readonly origin: Origin;
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
const ABSENT = "absent";

const encoder = new TextEncoder();

/** What helps against files that are too large. */
const LESS_A_PARTITION = "Write the set again with a smaller record_size";

/**
 * One state of a set. The first read of a partition pins the state that it is in: later ones must find the
 * same, until {@link KerchunkParquet.refresh} finds another and makes another manifest, of another version.
 * So no answer mixes rows of before and after a rewrite, also where `.zmetadata` stays as it was.
 */
class KerchunkParquet implements Manifest {
  readonly pinned = false;
  readonly heldBytes: number;
  readonly #known = new KnownFiles((href: string) => ({ url: new URL(href) }));
  readonly #places: RelativePlaces;
  readonly #reader: PartitionReader;
  readonly #reads = new Limit(CONCURRENT_READS, QUEUED_READS);
  readonly #decoding = new Limit(1, CONCURRENT_READS);
  readonly #reading = new Map<string, Promise<ReadPartition>>();
  /** By the partition's name, `a/0`: what of it the manifest has used. */
  readonly #pins = new LRUCache<string, Omit<ReadPartition, "partition">>({ max: PINNED });
  /** Partitions that were there before this manifest, and were not when it was made. */
  readonly #gone = new Set<string>();
  /** True once a newer manifest has taken over: no partition is read any more. */
  #superseded = false;
  #validator: Validator | undefined;

  private constructor(
    readonly source: Source,
    readonly version: string,
    readonly zmetadata: Uint8Array,
    readonly hierarchy: DocumentHierarchy,
    readonly recordSize: number,
    validator: Validator | undefined,
  ) {
    this.#places = new RelativePlaces(source.root, source.origin);
    this.#reader = new PartitionReader(source.options.maxIndexBytes);
    this.heldBytes = hierarchy.heldBytes + zmetadata.length;
    this.#validator = validator;
  }

  static async read(source: Source, body: OriginBody): Promise<KerchunkParquet> {
    const { maxIndexBytes } = source.options;
    const bytes = await wholeFile(body, maxIndexBytes, LESS_A_PARTITION);
    const document = parseDocument(bytes, ".zmetadata");
    const recordSize = toNumber(document.record_size);
    if (recordSize === undefined || !Number.isSafeInteger(recordSize) || recordSize < 1) {
      throw new IndexError(
        '".zmetadata" has no "record_size" that is a positive integer: this is no kerchunk Parquet set',
        { url: source.root.href },
      );
    }
    const hierarchy = new DocumentHierarchy(new Map([[".zmetadata", bytes]]));
    const version = new VersionHash().update(bytes).digest();
    return new KerchunkParquet(source, version, bytes, hierarchy, recordSize, body.validator);
  }

  node(path: string): Promise<Node | undefined> {
    return promised(() => this.hierarchy.node(path));
  }

  children(path: string): Promise<string[]> {
    return promised(() => this.hierarchy.children(path));
  }

  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const layout = this.hierarchy.layout(path);
    const ordinal = layout && chunkOrdinal(layout, coords);
    if (ordinal === undefined) return undefined;
    const record = Math.floor(ordinal / this.recordSize);
    const partition = await this.#partition(path, record);
    const row = ordinal - record * this.recordSize;
    if (!partition || row >= partition.references.rows) return undefined;
    const { id, offset, length } = partition.references.read(row, { id: 0, offset: 0, length: 0 });
    if (id === ABSENT_ID) return undefined;
    if (id === INLINE_ID) {
      return { kind: "inline", bytes: partition.inline.slice(offset, offset + length) };
    }
    if (id === UNUSABLE_ID) {
      throw new IndexError("A row of a Parquet partition has an offset or a size and no path");
    }
    const text = partition.urls.text(id - FIRST_URL_ID);
    const base = isAbsolute(text) ? this.source.root : await this.#places.baseOf(path, text);
    const file = this.#known.get(referenceUrl(text, base).href);
    return length === 0 ? { kind: "object", file } : { kind: "range", file, offset, length };
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const layout = this.hierarchy.layout(path);
    if (!layout) return;
    for (let first = 0, record = 0; first < layout.chunks; first += this.recordSize, record++) {
      const partition = await this.#partition(path, record);
      if (!partition) continue;
      const { urls } = partition;
      let base = this.source.root;
      for (let i = 0; i < urls.size; i++) {
        if (isAbsolute(urls.text(i))) continue;
        base = await this.#places.baseOf(path, urls.text(i));
        break;
      }
      const href = (id: number) => referenceUrl(urls.text(id - FIRST_URL_ID), base).href;
      const tables = new ChunkTableBuilder(layout, href);
      let ordinal = first;
      for (const row of partition.references.all()) {
        if (ordinal >= layout.chunks) break; // the padding of the last partition
        tables.add(ordinal++, row);
        if (tables.isFull) yield tables.take(partition.inline);
      }
      if (tables.rows > 0) yield tables.take(partition.inline);
    }
  }

  async refresh(): Promise<Manifest> {
    const body = await this.#look(".zmetadata", this.#validator);
    if (!body.notModified) {
      const opened = await KerchunkParquet.read(this.source, body);
      if (!isEqual(opened.zmetadata, this.zmetadata)) return this.#superseding(opened);
      this.#validator = body.validator;
    }
    // partitions can be written anew under the same .zmetadata
    const changed = await this.#changedPins();
    if (changed.size === 0) return this;
    const version = new VersionHash().update(encoder.encode(this.version));
    for (const [name, state] of changed) version.update(encoder.encode(`\n${name} ${state}`));
    const next = new KerchunkParquet(
      this.source,
      version.digest(),
      this.zmetadata,
      this.hierarchy,
      this.recordSize,
      this.#validator,
    );
    for (const name of this.#gone) next.#gone.add(name);
    for (const [name, pin] of this.#pins.entries()) {
      if (!changed.has(name)) next.#pins.set(name, pin);
      else if (changed.get(name) === ABSENT) next.#gone.add(name);
    }
    return this.#superseding(next);
  }

  #superseding(next: KerchunkParquet): KerchunkParquet {
    this.#superseded = true;
    return next;
  }

  /** The used partitions that are no longer as they were, by name, with their states now. */
  async #changedPins(): Promise<Map<string, string>> {
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
      const body = await this.#look(fileOf(name), unless);
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
    const bytes = await wholeFile(body, this.source.options.maxIndexBytes, LESS_A_PARTITION);
    return new VersionHash().update(bytes).digest();
  }

  /** A partition; undefined if the origin says that there is no such file. */
  async #partition(path: string, record: number): Promise<Partition | undefined> {
    const name = path === "" ? `${record}` : `${path}/${record}`;
    const { options: { cache }, id } = this.source;
    const key = `partition ${id} ${this.recordSize} ${name}`;
    const cached = cache.peek<ReadPartition>(key);
    if (cached && cached.state === this.#pins.get(name)?.state) return usable(cached);
    if (this.#superseded) throw rewritten();
    let reading = this.#reading.get(name);
    if (!reading) {
      // one read, however many ask: conditional where an earlier manifest has read it
      reading = this.#read(name, this.#pins.has(name) ? undefined : cached).then((value) => {
        cache.set(key, value, weight(value));
        return value;
      }).finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
    return this.#pinned(name, await reading);
  }

  /** A partition that may be used: in the state in which it was used before. */
  #pinned(name: string, read: ReadPartition): Partition | undefined {
    const { validator, state } = read;
    const pin = this.#pins.get(name);
    if (pin === undefined) {
      // a newer manifest may have read it while this one waited
      if (this.#superseded) throw rewritten();
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
      body = await this.#look(fileOf(name), cached?.validator);
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
    const written = this.#validator?.lastModified;
    if (written !== undefined && (validator?.lastModified ?? 0) > written) {
      await this.#mustBeCurrent();
    }
    return { partition, fault, validator, state: state ?? "unread" };
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
      body = await this.#look(".zmetadata", this.#validator);
    } catch (fault) {
      throw isAbsence(fault) ? rewritten(fault) : fault;
    }
    if (body.notModified) return;
    const { maxIndexBytes } = this.source.options;
    const bytes = await wholeFile(body, maxIndexBytes, LESS_A_PARTITION);
    if (!isEqual(bytes, this.zmetadata)) throw rewritten();
    this.#validator = body.validator;
  }

  /** Reads a file of the set unless it is in that state. */
  #look(file: string, unless: Validator | undefined): Promise<OriginBody> {
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

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function rewritten(cause?: unknown): OriginError {
  const detail = "The kerchunk Parquet set is being written anew; ask again";
  return new OriginError("source-changed", detail, {}, cause);
}

/** What `work` gives or throws, as a promise. */
function promised<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (fault) {
    return Promise.reject(fault);
  }
}
