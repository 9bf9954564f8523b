/** Kerchunk reference sets as JSON. Source: kerchunk `spec.rst`, fsspec `ReferenceFileSystem`. */

import { IndexError } from "../../src/errors.ts";
import type {
  ChunkTable,
  Manifest,
  ManifestFormat,
  Node,
  OpenOptions,
} from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import type { Origin, OriginBody } from "../../src/origin/origin.ts";
import { groupFromV2 } from "../../src/zarr/v2/to_v3.ts";
import { chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { childPath } from "../document_hierarchy.ts";
import { decompressed, hashed, parts, VersionHash } from "../index_stream.ts";
import { ChunkTableBuilder } from "../references/chunk_table_builder.ts";
import {
  FIRST_URL_ID,
  INLINE_ID,
  type PackedRow,
  UNUSABLE_ID,
} from "../references/packed_references.ts";
import type { ReferenceSet } from "./reference_builder.ts";
import { readReferences, type ReferenceFile } from "./reference_reader.ts";
import { KnownFiles } from "../known_files.ts";
import { refuseVersion } from "../version_option.ts";

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
    return /^(?:\[\s*)?\{/.test(text) && !/^\{\s*"zarr_format"/.test(text);
  },
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await KerchunkJson.read(
      url,
      origin,
      options,
      await origin.read({ url }, undefined),
    );
  },
};

/**
 * Immutable; all of it is in memory. A file with a list of sets (kerchunk writes one a GRIB message)
 * is a hierarchy of groups `0`, `1`, …; a list of one is that one.
 */
class KerchunkJson implements Manifest {
  readonly pinned = false;
  readonly #sets: readonly JsonReferences[];
  #validator: Validator | undefined;

  private constructor(
    readonly url: URL,
    readonly origin: Origin,
    readonly options: OpenOptions,
    readonly version: string,
    { sets }: ReferenceFile,
    validator: Validator | undefined,
  ) {
    this.#sets = sets.map((set) => new JsonReferences(set));
    this.#validator = validator;
  }

  static async read(
    url: URL,
    origin: Origin,
    options: OpenOptions,
    body: OriginBody,
  ): Promise<KerchunkJson> {
    const hash = new VersionHash();
    const text = decompressed(hashed(parts(body.pieces()), hash));
    const file = await readReferences(text, url, options.maxIndexBytes);
    if (file.sets.length === 0 || file.sets.some(({ hierarchy }) => !hierarchy.node(""))) {
      throw new IndexError(
        "The JSON holds no Zarr metadata (.zgroup, .zarray, zarr.json): it is no kerchunk reference set",
        { url: url.href },
      );
    }
    return new KerchunkJson(url, origin, options, hash.digest(), file, body.validator);
  }

  get heldBytes(): number {
    return this.#sets.reduce((sum, { set }) => sum + set.heldBytes, 0);
  }

  node(path: string): Promise<Node | undefined> {
    if (path === "" && this.#sets.length > 1) {
      return Promise.resolve({ type: "group", metadata: groupFromV2() });
    }
    return this.#at(path, (references, inner) => references.node(inner));
  }

  children(path: string): Promise<string[]> {
    if (path === "" && this.#sets.length > 1) {
      return Promise.resolve(this.#sets.map((_, i) => String(i)).sort());
    }
    const children = this.#at(path, ({ set }, inner) => set.hierarchy.children(inner));
    return children.then((names) => names ?? []);
  }

  chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    return this.#at(path, (references, inner) => references.chunk(inner, coords));
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const found = this.#resolve(path);
    if (found) yield* found.references.refs(found.inner);
  }

  doubts(): Promise<string[]> {
    const doubts = this.#sets.flatMap(({ set }, i) =>
      set.doubts.map(([path, text]) => `/${this.#sets.length > 1 ? `${i}/` : ""}${path}: ${text}`)
    );
    return Promise.resolve(doubts);
  }

  async refresh(): Promise<Manifest> {
    const body = await this.origin.read({ url: this.url }, undefined, {
      unless: this.#validator,
    });
    if (body.notModified) return this;
    const opened = await KerchunkJson.read(this.url, this.origin, this.options, body);
    if (opened.version !== this.version) return opened;
    this.#validator = opened.#validator;
    return this;
  }

  /** What `work` gives or throws on the set that `path` leads into, as a promise. */
  #at<T>(
    path: string,
    work: (references: JsonReferences, inner: string) => T | undefined,
  ): Promise<T | undefined> {
    try {
      const found = this.#resolve(path);
      return Promise.resolve(found && work(found.references, found.inner));
    } catch (fault) {
      return Promise.reject(fault);
    }
  }

  #resolve(path: string): { references: JsonReferences; inner: string } | undefined {
    if (this.#sets.length === 1) return { references: this.#sets[0], inner: path };
    const [, index, inner = ""] = /^(0|[1-9]\d{0,8})(?:\/(.*))?$/s.exec(path) ?? [];
    const references = index === undefined ? undefined : this.#sets[Number(index)];
    return references && { references, inner };
  }
}

/** One reference set. */
class JsonReferences {
  readonly #known = new KnownFiles((id: number) => ({ url: new URL(this.#href(id)) }));

  constructor(readonly set: ReferenceSet) {}

  node(path: string): Node | undefined {
    for (const name of ["zarr.json", ".zarray", ".zgroup", ".zattrs"]) {
      const key = childPath(path, name);
      if (!this.set.remoteDocuments.has(key)) continue;
      throw new IndexError(`The metadata "${key}" is in another file, which is not supported`, {
        key,
      });
    }
    return this.set.hierarchy.node(path);
  }

  chunk(path: string, coords: readonly number[]): ChunkRef | undefined {
    const layout = this.set.hierarchy.layout(path);
    const index = this.set.chunks.get(path);
    const ordinal = layout && chunkOrdinal(layout, coords);
    if (index === undefined || ordinal === undefined) return undefined;
    const row: PackedRow = { id: 0, offset: 0, length: 0 };
    return index.read(ordinal, row) ? this.#ref(row) : undefined;
  }

  *refs(path: string): Generator<ChunkTable> {
    const { hierarchy, chunks, inline } = this.set;
    const layout = hierarchy.layout(path);
    const index = chunks.get(path);
    if (!layout || !index) return;
    const tables = new ChunkTableBuilder(layout, (id) => this.#href(id));
    let at = 0;
    for (const row of index.packed.all()) {
      tables.add(index.ordinal(at++), row);
      if (tables.isFull) yield tables.take(inline);
    }
    if (tables.rows > 0) yield tables.take(inline);
  }

  #ref({ id, offset, length }: PackedRow): ChunkRef {
    if (id === INLINE_ID) {
      return { kind: "inline", bytes: this.set.inline.slice(offset, offset + length) };
    }
    if (id === UNUSABLE_ID) throw this.set.faults[offset];
    const file = this.#known.get(id);
    return length === 0 ? { kind: "object", file } : { kind: "range", file, offset, length };
  }

  #href(id: number): string {
    return this.set.urls.text(id - FIRST_URL_ID);
  }
}
