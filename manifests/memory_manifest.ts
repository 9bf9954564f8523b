/** Manifests that are held in memory, and formats that read a whole file into one. */

import type { ChunkRef } from "../src/chunk/ref.ts";
import type { ChunkTable, Manifest, ManifestFormat, Node, OpenOptions } from "../src/manifest.ts";
import type { Origin } from "../src/origin/origin.ts";
import type { Validator } from "../src/origin/source_file.ts";
import { decompressed, hashed, parts, VersionHash } from "./index_stream.ts";
import type { ArrayReferences } from "./references/array_references.ts";
import { refuseVersion } from "./version_option.ts";

/** What an index says, all of it in memory. Methods throw IndexError for what is malformed in it. */
export interface MemoryIndex {
  /** As {@link Manifest.node}. */
  node(path: string): Node | undefined;
  /** As {@link Manifest.children}. */
  children(path: string): string[];
  /** The references of the array at `path`; undefined if it has none. */
  references(path: string): ArrayReferences | undefined;
  /** Bytes that all of it holds. */
  readonly heldBytes: number;
  /** As {@link Manifest.doubts}. */
  readonly doubts?: readonly string[];
}

/** An index in the state in which it was read. */
export interface ReadIndex {
  /** What was read. */
  readonly index: MemoryIndex;
  /** Names the content: `VersionHash`, or what else changes with it. */
  readonly version: string;
  /** The state of the file, where the origin told. */
  readonly validator?: Validator;
}

/** Reads an index; undefined if it still is in the state of `unless`. @throws IndexError, OriginError */
export type LookAt = (unless?: Validator) => Promise<ReadIndex | undefined>;

/** A {@link MemoryIndex} as a manifest. */
export class MemoryManifest implements Manifest {
  readonly pinned = false;
  readonly version: string;
  readonly #index: MemoryIndex;
  #validator: Validator | undefined;

  /** Takes over what was read. @param look how the index is read again */
  constructor({ index, version, validator }: ReadIndex, readonly look: LookAt) {
    this.version = version;
    this.#index = index;
    this.#validator = validator;
  }

  /** Bytes that the index holds. */
  get heldBytes(): number {
    return this.#index.heldBytes;
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async node(path: string): Promise<Node | undefined> {
    return this.#index.node(path);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async children(path: string): Promise<string[]> {
    return this.#index.children(path);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    return this.#index.references(path)?.chunk(coords);
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    yield* this.#index.references(path)?.tables() ?? [];
  }

  doubts(): Promise<string[]> {
    return Promise.resolve([...this.#index.doubts ?? []]);
  }

  async refresh(): Promise<Manifest> {
    const read = await this.look(this.#validator);
    if (!read) return this;
    if (read.version !== this.version) return new MemoryManifest(read, this.look);
    this.#validator = read.validator;
    return this;
  }
}

/** A format whose index is one file that is read whole. */
export interface FileFormat extends Pick<ManifestFormat, "name" | "named" | "sniff"> {
  /**
   * Makes an index of a file.
   *
   * @param content the file's bytes; of a compressed file (gzip, Zstandard) what is in it
   * @param url the file's, which relative references are relative to
   * @throws IndexError
   */
  read(content: AsyncIterable<Uint8Array>, url: URL, options: OpenOptions): Promise<MemoryIndex>;
}

/** The format of such files: opened in one read, refreshed in one conditional read. */
export function memoryFormat({ name, named, sniff, read }: FileFormat): ManifestFormat {
  const lookAt = (url: URL, origin: Origin, options: OpenOptions): LookAt => async (unless) => {
    const body = await origin.read({ url }, undefined, { unless });
    if (body.notModified) return undefined;
    const hash = new VersionHash();
    const content = decompressed(hashed(parts(body.pieces()), hash));
    const index = await read(content, url, options);
    return { index, version: hash.digest(), validator: body.validator };
  };
  return {
    name,
    ...(named && { named }),
    sniff,
    async open(url, origin, options) {
      refuseVersion(name, options);
      const look = lookAt(url, origin, options);
      return new MemoryManifest((await look())!, look);
    },
  };
}
