/** Kerchunk reference sets as JSON. Source: kerchunk `spec.rst`, fsspec `ReferenceFileSystem`. */

import { IndexError } from "../src/errors.ts";
import type {
  ChunkRef,
  ChunkTable,
  Manifest,
  ManifestFormat,
  Node,
  OpenOptions,
  Validator,
} from "../src/manifest.ts";
import type { Origin, OriginBody } from "../src/origin/origin.ts";
import { chunkOrdinal } from "./chunk_layout.ts";
import { childPath } from "./document_hierarchy.ts";
import { decompressed, hashed, parts, VersionHash } from "./index_stream.ts";
import { ChunkTableBuilder } from "./kerchunk/chunk_table_builder.ts";
import { FIRST_URL_ID, INLINE_ID, type PackedRow } from "./kerchunk/packed_references.ts";
import type { ReferenceSet } from "./kerchunk/reference_builder.ts";
import { readReferenceSet } from "./kerchunk/reference_reader.ts";
import { refuseVersion } from "./version_option.ts";

/** `kerchunk-json`: one JSON file, gzip and Zstandard too, read in one request and held packed. */
export const kerchunkJson: ManifestFormat = {
  name: "kerchunk-json",
  named: (url) =>
    /\.json(?:\.gz|\.zst|\.zstd)?$/i.test(url.pathname) && !url.pathname.endsWith("/zarr.json"),
  sniff({ url, head }) {
    if (!head || url.pathname.endsWith("/zarr.json")) return false;
    const isCompressed = head[0] === 0x1f && head[1] === 0x8b ||
      head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
    if (isCompressed) return true;
    const text = new TextDecoder().decode(head).trimStart();
    return text.startsWith("{") && !/^\{\s*"zarr_format"/.test(text);
  },
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await KerchunkJson.read(url, origin, options, await origin.read(url, undefined));
  },
};

/** Immutable; all of it is in memory. */
class KerchunkJson implements Manifest {
  readonly pinned = false;
  readonly #set: ReferenceSet;
  #validator: Validator | undefined;

  private constructor(
    readonly url: URL,
    readonly origin: Origin,
    readonly options: OpenOptions,
    readonly version: string,
    set: ReferenceSet,
    validator: Validator | undefined,
  ) {
    this.#set = set;
    this.#validator = validator;
  }

  static async read(
    url: URL,
    origin: Origin,
    options: OpenOptions,
    body: OriginBody,
  ): Promise<KerchunkJson> {
    const hash = new VersionHash();
    const text = decompressed(hashed(parts(body.stream()), hash));
    const set = await readReferenceSet(text, url, options.maxIndexBytes);
    if (!set.hierarchy.node("")) {
      throw new IndexError(
        "The JSON holds no Zarr metadata (.zgroup, .zarray, zarr.json): it is no kerchunk reference set",
        { url: url.href },
      );
    }
    return new KerchunkJson(url, origin, options, hash.digest(), set, body.validator);
  }

  get heldBytes(): number {
    return this.#set.heldBytes;
  }

  node(path: string): Promise<Node | undefined> {
    return promised(() => {
      for (const name of ["zarr.json", ".zarray", ".zgroup", ".zattrs"]) {
        const key = childPath(path, name);
        if (!this.#set.remoteDocuments.has(key)) continue;
        throw new IndexError(`The metadata "${key}" is in another file, which is not supported`, {
          key,
        });
      }
      return this.#set.hierarchy.node(path);
    });
  }

  children(path: string): Promise<string[]> {
    return promised(() => this.#set.hierarchy.children(path));
  }

  chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    return promised(() => {
      const layout = this.#set.hierarchy.layout(path);
      const index = this.#set.chunks.get(path);
      const ordinal = layout && chunkOrdinal(layout, coords);
      if (index === undefined || ordinal === undefined) return undefined;
      const row: PackedRow = { id: 0, offset: 0, length: 0 };
      return index.read(ordinal, row) ? this.#ref(row) : undefined;
    });
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const { hierarchy, chunks, inline } = this.#set;
    const layout = hierarchy.layout(path);
    const index = chunks.get(path);
    if (!layout || !index) return;
    const tables = new ChunkTableBuilder(layout, (id) => this.#href(id));
    const row: PackedRow = { id: 0, offset: 0, length: 0 };
    for (let i = 0; i < index.packed.rows; i++) {
      tables.add(index.ordinal(i), index.packed.read(i, row));
      if (tables.isFull) yield tables.take(inline);
    }
    if (tables.rows > 0) yield tables.take(inline);
  }

  document(key: string): Promise<Uint8Array | undefined> {
    return promised(() => this.#set.hierarchy.document(key));
  }

  async refresh(): Promise<Manifest> {
    const body = await this.origin.read(this.url, undefined, { unless: this.#validator });
    if (body.notModified) return this;
    const opened = await KerchunkJson.read(this.url, this.origin, this.options, body);
    if (opened.version !== this.version) return opened;
    this.#validator = opened.#validator;
    return this;
  }

  #ref({ id, offset, length }: PackedRow): ChunkRef {
    if (id === INLINE_ID) {
      return { kind: "inline", bytes: this.#set.inline.slice(offset, offset + length) };
    }
    const url = new URL(this.#href(id));
    return length === 0 ? { kind: "object", url } : { kind: "range", url, offset, length };
  }

  #href(id: number): string {
    const fault = this.#set.urlFaults.get(id - FIRST_URL_ID);
    if (fault) throw fault;
    return this.#set.urls.text(id - FIRST_URL_ID);
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
