/**
 * Kerchunk reference sets as Parquet: `.zmetadata`, and `refs.N.parq` files for each array. A partition
 * is read when a chunk of it is asked for. Source: fsspec `LazyReferenceMapper`.
 */

import { IndexError } from "../../src/errors.ts";
import type { ChunkTable, Manifest, ManifestFormat, Node } from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { OriginBody } from "../../src/origin/origin.ts";
import { toNumber } from "../../src/json.ts";
import { chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { DocumentHierarchy, parseDocument } from "../document_hierarchy.ts";
import { folderUrl, mayBeFolder } from "../folder_url.ts";
import { wholeFile } from "../index_file.ts";
import { VersionHash } from "../index_stream.ts";
import { ArrayReferences } from "../references/array_references.ts";
import { FIRST_URL_ID } from "../references/packed_references.ts";
import { refOf, type Targets } from "../references/targets.ts";
import {
  isEqual,
  LESS_A_PARTITION,
  type ParquetSource,
  PartitionFiles,
} from "./partition_files.ts";
import type { Partition } from "./partition.ts";
import { isAbsolute, referenceUrl } from "../reference_url.ts";
import { RelativePlaces } from "./relative_places.ts";
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
    return await KerchunkParquet.read({ root, origin, options, id: crypto.randomUUID() }, body);
  },
};

const encoder = new TextEncoder();
const UNUSABLE_ROWS = [
  new IndexError("A row of a Parquet partition has an offset or a size and no path"),
];

/** One state of a set: where a used partition has changed, {@link KerchunkParquet.refresh} makes another. */
class KerchunkParquet implements Manifest {
  readonly pinned = false;
  readonly heldBytes: number;
  readonly #known = new KnownFiles((href: string) => ({ url: new URL(href) }));
  readonly #places: RelativePlaces;
  private constructor(
    readonly version: string,
    readonly hierarchy: DocumentHierarchy,
    readonly files: PartitionFiles,
  ) {
    const { root, origin } = files.source;
    this.#places = new RelativePlaces(root, origin);
    this.heldBytes = hierarchy.heldBytes + files.zmetadata.length;
  }

  static async read(source: ParquetSource, body: OriginBody): Promise<KerchunkParquet> {
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
    const files = new PartitionFiles(source, bytes, recordSize, body.validator);
    return new KerchunkParquet(version, hierarchy, files);
  }

  node(path: string): Promise<Node | undefined> {
    return promised(() => this.hierarchy.node(path));
  }

  children(path: string): Promise<string[]> {
    return promised(() => this.hierarchy.children(path));
  }

  async chunk(
    path: string,
    coords: readonly number[],
    signal?: AbortSignal,
  ): Promise<ChunkRef | undefined> {
    const layout = this.hierarchy.layout(path);
    const ordinal = layout && chunkOrdinal(layout, coords);
    if (ordinal === undefined) return undefined;
    const { recordSize, source } = this.files;
    const record = Math.floor(ordinal / recordSize);
    const partition = await this.files.partition(path, record, signal);
    const place = partition?.references.find(ordinal - record * recordSize) ?? -1;
    if (!partition || place < 0) return undefined;
    const row = partition.references.read(place, { id: 0, offset: 0, length: 0 });
    const text = row.id < FIRST_URL_ID ? "" : partition.urls.text(row.id - FIRST_URL_ID);
    const base = text === "" || isAbsolute(text)
      ? source.root
      : await this.#places.baseOf(path, text);
    return refOf(row, this.#targets(partition, base));
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const layout = this.hierarchy.layout(path);
    if (!layout) return;
    const { recordSize, source } = this.files;
    for (let first = 0, record = 0; first < layout.chunks; first += recordSize, record++) {
      const partition = await this.files.partition(path, record);
      if (!partition) continue;
      const { urls } = partition;
      let base = source.root;
      for (let i = 0; i < urls.size; i++) {
        if (isAbsolute(urls.text(i))) continue;
        base = await this.#places.baseOf(path, urls.text(i));
        break;
      }
      const targets = this.#targets(partition, base);
      yield* new ArrayReferences(layout, partition.references, targets, first).tables();
    }
  }

  #targets({ urls, inline }: Partition, base: URL): Targets {
    const href = (id: number) => referenceUrl(urls.text(id - FIRST_URL_ID), base).href;
    return { href, file: (id) => this.#known.get(href(id)), inline, faults: UNUSABLE_ROWS };
  }

  async refresh(): Promise<Manifest> {
    const { files } = this;
    const body = await files.look(".zmetadata", files.validator);
    if (!body.notModified) {
      const opened = await KerchunkParquet.read(files.source, body);
      if (!isEqual(opened.files.zmetadata, files.zmetadata)) return this.#superseding(opened);
      files.validator = body.validator;
    }
    // partitions can be written anew under the same .zmetadata
    const changed = await files.changed();
    if (changed.size === 0) return this;
    const version = new VersionHash().update(encoder.encode(this.version));
    for (const [name, state] of changed) version.update(encoder.encode(`\n${name} ${state}`));
    const next = files.successor(changed);
    return this.#superseding(new KerchunkParquet(version.digest(), this.hierarchy, next));
  }

  #superseding(next: KerchunkParquet): KerchunkParquet {
    this.files.superseded = true;
    return next;
  }
}

/** What `work` gives or throws, as a promise. */
function promised<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (fault) {
    return Promise.reject(fault);
  }
}
