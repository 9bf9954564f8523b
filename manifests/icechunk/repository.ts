/**
 * A repository's files at their origin. Files named by an object id never change and are kept in the
 * cache, unpacked; `repo` and the version 1 references change and are read by their callers.
 */

import { LRUCache } from "lru-cache";
import { IndexError, OriginError } from "../../src/errors.ts";
import type { OpenOptions } from "../../src/manifest.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import type { Origin } from "../../src/origin/origin.ts";
import type { ManifestFile } from "./manifest_file.ts";
import { nextTurn } from "../slices.ts";
import { mustFitCache } from "./cache_limit.ts";
import { ManifestLoading } from "./manifest_loading.ts";
import { unpackMetadataFile } from "./metadata_file.ts";
import { detach } from "../detach.ts";
import { type ManifestFileInfo, SnapshotFile } from "./snapshot_file.ts";

/** A file that may change, as it was when it was read. */
export interface ReadFile {
  /** All of the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The state it was in, where the origin told. */
  readonly validator?: Validator;
}

/** Bytes of a reference in a FlatBuffer: 82 to 116 in the reference library's files. */
const LIKELY_REF_BYTES = 120;

/** References from which on a manifest answers before it is in the cache: 5 MB of them. */
const LARGE_REFS = 50_000;
/** Large manifests that are held at once outside the cache. */
const MAX_LOADING = 2;

/** Files too large to be held that are remembered as such: they never change. */
const MAX_REFUSED = 1024;

/** The files below a repository's URL. */
export class Repository {
  /** The repository as a folder: ends in a slash, has no query. */
  readonly base: URL;
  /** Large manifests on their way into the cache, and those that turned out to be malformed. */
  readonly #loading = new Map<string, Promise<ManifestLoading>>();
  /** What is too large to be held is not read again for every chunk. */
  readonly #refused = new LRUCache<string, IndexError>({ max: MAX_REFUSED });

  /** Nothing is read yet. @param url the repository's folder; its query is dropped */
  constructor(url: URL, readonly origin: Origin, readonly options: OpenOptions) {
    this.base = new URL(url);
    this.base.search = this.base.hash = "";
    if (!this.base.pathname.endsWith("/")) this.base.pathname += "/";
  }

  /** The URL of a file, by a path whose segments are escaped. */
  url(path: string): URL {
    return new URL(this.base.href + path);
  }

  /**
   * Reads a whole file that may change; undefined if it still is as `unless` says.
   *
   * @throws OriginError
   */
  async read(path: string, unless?: Validator): Promise<ReadFile | undefined> {
    const { maxIndexBytes } = this.options;
    const body = await this.origin.read({ url: this.url(path) }, undefined, { unless });
    if (body.notModified) {
      await body.cancel();
      return undefined;
    }
    if (body.length !== undefined && body.length > maxIndexBytes) {
      await body.cancel();
      throw new IndexError(
        `${path} is ${body.length} bytes, over the ${maxIndexBytes} of limits.indexCacheBytes`,
        {},
        undefined,
        "index-too-large",
      );
    }
    return { bytes: await body.bytes(maxIndexBytes), validator: body.validator };
  }

  /** A snapshot's file. @throws IndexError, OriginError (`absent` if there is none) */
  snapshot(id: string): Promise<SnapshotFile> {
    const path = `snapshots/${id}`;
    return this.cached(path, async () => {
      const value = await SnapshotFile.read(await this.#body(path, "snapshot"));
      sameId(path, id, value.id);
      return { value, bytes: value.bytes };
    });
  }

  /** A snapshot's file; undefined if there is none any more. @throws IndexError, OriginError */
  async snapshotIfPresent(id: string): Promise<SnapshotFile | undefined> {
    try {
      return await this.snapshot(id);
    } catch (error) {
      if (error instanceof OriginError && error.absent) return undefined;
      throw error;
    }
  }

  /** A manifest's file. */
  manifest(info: ManifestFileInfo): Promise<ManifestFile> {
    return this.cached(`manifests/${info.id}`, async () => {
      const loading = await (this.#loading.get(info.id) ?? this.#arrive(info));
      for (;;) {
        const value = loading.step();
        if (value) return { value, bytes: value.bytes };
        await nextTurn();
      }
    });
  }

  /**
   * A manifest's file, or of a large one that has just arrived as much as it takes to find the
   * reference at `coords` of the array `node`.
   */
  async manifestWith(
    info: ManifestFileInfo,
    node: string,
    coords: readonly number[],
  ): Promise<ManifestFile> {
    const { id } = info;
    let under = this.#loading.get(id);
    const arrives = !under;
    if (!under) {
      if (info.refs < LARGE_REFS || this.#loading.size >= MAX_LOADING) {
        return await this.manifest(info);
      }
      under = this.#arrive(info);
      this.#loading.set(id, under);
      under.then((loading) => this.#finish(id, loading), () => this.#loading.delete(id));
    }
    const loading = await under;
    // Not found is no answer yet, and not from the cache: timers end with the request that made them.
    for (let mayStep = !arrives;; mayStep = true) {
      const file = (mayStep ? this.#advance(id, loading) : undefined) ??
        loading.excerpt(node, coords);
      if (file) return file;
      await nextTurn();
    }
  }

  /**
   * Does a part of the work on a large manifest. Lookups do, so that nothing depends on timers, which
   * end with their request where requests are kept apart.
   */
  #advance(id: string, loading: ManifestLoading): ManifestFile | undefined {
    const file = loading.step();
    if (file && this.#loading.delete(id)) {
      this.options.cache.set(this.#key(`manifests/${id}`), file, file.bytes);
    }
    return file;
  }

  /** Brings the work on a large manifest to its end while there is nothing else to do. */
  #finish(id: string, loading: ManifestLoading): void {
    setTimeout(() => {
      try {
        if (!this.#advance(id, loading)) this.#finish(id, loading);
      } catch {
        // `loading` keeps its fault, and throws it at whoever asks for the file again.
      }
    }, 0);
  }

  /** The manifest file if it is in the cache. */
  manifestAtHand(id: string): ManifestFile | undefined {
    return this.options.cache.peek(this.#key(`manifests/${id}`));
  }

  /** Something made of this repository's unchanging files, kept in the cache. */
  cached<T>(key: string, make: () => Promise<{ value: T; bytes: number }>): Promise<T> {
    const { cache } = this.options;
    return cache.load(this.#key(key), () =>
      this.#unlessTooLarge(key, async () => {
        const made = await make();
        mustFitCache(key, made.bytes, cache.maxBytes);
        return made;
      }));
  }

  /** Like {@link cached}, only if it is there already. */
  atHand<T>(key: string): T | undefined {
    return this.options.cache.peek(this.#key(key));
  }

  #key(path: string): string {
    return `icechunk ${this.base.href} ${path}`;
  }

  async #unlessTooLarge<T>(key: string, make: () => Promise<T>): Promise<T> {
    const refused = this.#refused.get(key);
    if (refused) throw refused;
    try {
      return await make();
    } catch (error) {
      if (error instanceof IndexError && error.code === "index-too-large") {
        this.#refused.set(key, error);
      }
      throw error;
    }
  }

  #arrive(info: ManifestFileInfo): Promise<ManifestLoading> {
    const path = `manifests/${info.id}`;
    return this.#unlessTooLarge(path, async () => {
      const body = await this.#body(path, "manifest", info);
      return new ManifestLoading(body, info.id, this.options.cache.maxBytes);
    });
  }

  async #body(path: string, type: "snapshot" | "manifest", info?: ManifestFileInfo) {
    const file = await this.read(path);
    const bytes = file!.bytes;
    if (info && info.bytes !== bytes.length) {
      const lengths = `${bytes.length} bytes, not the ${info.bytes} it had`;
      throw new IndexError(`A ${type} file is ${lengths}`, { path });
    }
    const { maxIndexBytes } = this.options;
    const likely = info && Math.min(info.refs * LIKELY_REF_BYTES, bytes.length * 16);
    const { body } = await unpackMetadataFile(bytes, type, maxIndexBytes, likely);
    detach(bytes);
    return body;
  }
}

function sameId(path: string, wanted: string, found: string): void {
  if (found !== wanted) throw new IndexError(`A file holds another object, ${found}`, { path });
}
