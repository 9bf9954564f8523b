/**
 * Kerchunk reference sets as Parquet: `.zmetadata`, and `refs.N.parq` files for each array. A partition
 * is read when a chunk of it is asked for. Source: fsspec `LazyReferenceMapper`.
 */

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
  FIRST_URL_ID,
  INLINE_ID,
  type PackedRow,
  UNUSABLE_ID,
} from "../references/packed_references.ts";
import { type Partition, PartitionReader, partitionUrl } from "./partition.ts";
import { referenceUrl } from "./reference_url.ts";
import { KnownFiles } from "../known_files.ts";
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
    return await KerchunkParquet.read({ root, origin, options, id: crypto.randomUUID() }, body, 0);
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

/** A partition in the cache, or that there is none, as it was at `generation`. */
interface CachedPartition {
  readonly partition: Partition | undefined;
  readonly validator?: Validator;
  readonly generation: number;
}

/** Partitions whose files are in memory at the same time; each takes some megabytes until it is packed. */
const CONCURRENT_READS = 4;
/** Weight of a partition that does not exist. */
const ABSENT_BYTES = 256;

/** What helps against files that are too large. */
const LESS_A_PARTITION = "Write the set again with a smaller record_size";

class KerchunkParquet implements Manifest {
  readonly pinned = false;
  readonly heldBytes: number;
  /** What relative references are relative to: what the folder itself is in. */
  readonly #base: URL;
  readonly #known = new KnownFiles((text: string) => ({ url: referenceUrl(text, this.#base) }));
  readonly #reader: PartitionReader;
  readonly #reads = new Limit(CONCURRENT_READS, Infinity);
  readonly #revalidating = new Map<string, Promise<Partition | undefined>>();
  #validator: Validator | undefined;
  /** Counted up by each {@link refresh}: partitions of an earlier one are looked at again. */
  #generation: number;

  private constructor(
    readonly source: Source,
    readonly version: string,
    readonly zmetadata: Uint8Array,
    readonly hierarchy: DocumentHierarchy,
    readonly recordSize: number,
    validator: Validator | undefined,
    generation: number,
  ) {
    this.#base = new URL(source.root.pathname.slice(0, -1) || "/", source.root);
    this.#reader = new PartitionReader(source.options.maxIndexBytes);
    this.heldBytes = hierarchy.heldBytes + zmetadata.length;
    this.#validator = validator;
    this.#generation = generation;
  }

  static async read(
    source: Source,
    body: OriginBody,
    generation: number,
  ): Promise<KerchunkParquet> {
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
    const { validator } = body;
    return new KerchunkParquet(
      source,
      version,
      bytes,
      hierarchy,
      recordSize,
      validator,
      generation,
    );
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
    return this.#ref(partition, partition.references.read(row, { id: 0, offset: 0, length: 0 }));
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const layout = this.hierarchy.layout(path);
    if (!layout) return;
    for (let first = 0, record = 0; first < layout.chunks; first += this.recordSize, record++) {
      const partition = await this.#partition(path, record);
      if (!partition) continue;
      const href = (id: number) => partitionUrl(partition, id, this.#base).href;
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

  document(key: string): Promise<Uint8Array | undefined> {
    return promised(() => this.hierarchy.document(key));
  }

  async refresh(): Promise<Manifest> {
    const { origin, root } = this.source;
    const unless = this.#validator;
    const body = await origin.read({ url: new URL(".zmetadata", root) }, undefined, { unless });
    if (!body.notModified) {
      const opened = await KerchunkParquet.read(this.source, body, this.#generation + 1);
      if (opened.version !== this.version) return opened;
      this.#validator = body.validator;
    }
    // Partitions can be written anew under the same .zmetadata.
    this.#generation++;
    return this;
  }

  #ref(partition: Partition, { id, offset, length }: PackedRow): ChunkRef | undefined {
    if (id === 0) return undefined;
    if (id === INLINE_ID) {
      return { kind: "inline", bytes: partition.inline.slice(offset, offset + length) };
    }
    if (id === UNUSABLE_ID) {
      throw new IndexError("A row of a Parquet partition has an offset or a size and no path");
    }
    const file = this.#known.get(partition.urls.text(id - FIRST_URL_ID));
    return length === 0 ? { kind: "object", file } : { kind: "range", file, offset, length };
  }

  /** A partition; undefined if the origin says that there is no such file. */
  async #partition(path: string, record: number): Promise<Partition | undefined> {
    const { cache } = this.source.options;
    const key = `partition ${this.source.id} ${path}/${record}`;
    const cached = cache.peek<CachedPartition>(key) ??
      await cache.load(key, async () => {
        const value = await this.#read(path, record, undefined);
        return { value, bytes: weight(value) };
      });
    return cached.generation >= this.#generation
      ? cached.partition
      : await this.#revalidated(key, path, record, cached);
  }

  /** The partition after one conditional read, however many ask. */
  #revalidated(
    key: string,
    path: string,
    record: number,
    cached: CachedPartition,
  ): Promise<Partition | undefined> {
    const pending = this.#revalidating.get(key);
    if (pending) return pending;
    const revalidating = this.#read(path, record, cached).then((value) => {
      this.source.options.cache.set(key, value, weight(value));
      return value.partition;
    }).finally(() => this.#revalidating.delete(key));
    this.#revalidating.set(key, revalidating);
    return revalidating;
  }

  async #read(
    path: string,
    record: number,
    cached: CachedPartition | undefined,
  ): Promise<CachedPartition> {
    await this.#reads.take();
    try {
      return await this.#readNow(path, record, cached);
    } finally {
      this.#reads.give();
    }
  }

  async #readNow(
    path: string,
    record: number,
    cached: CachedPartition | undefined,
  ): Promise<CachedPartition> {
    const generation = this.#generation;
    const { origin, root, options } = this.source;
    const url = urlBelow(root, path === "" ? [] : path.split("/"), `refs.${record}.parq`);
    let body: OriginBody;
    try {
      body = await origin.read({ url }, undefined, { unless: cached?.validator });
    } catch (fault) {
      if (fault instanceof OriginError && fault.absent) return { partition: undefined, generation };
      throw fault;
    }
    if (body.notModified && cached) return { ...cached, generation };
    const bytes = await wholeFile(body, options.maxIndexBytes, LESS_A_PARTITION);
    const partition = this.#reader.read(bytes, this.recordSize);
    return { partition, validator: body.validator, generation };
  }
}

function weight({ partition }: CachedPartition): number {
  return ABSENT_BYTES + (partition?.heldBytes ?? 0);
}

/** What `work` gives or throws, as a promise. */
function promised<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (fault) {
    return Promise.reject(fault);
  }
}
