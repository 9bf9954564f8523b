/** One dataset: its index, opened when a key needs it, and the policy that its answers follow. */

import { LRUCache } from "lru-cache";
import type { ByteCache } from "../byte_cache.ts";
import { type ChunkRef, filesOf } from "../chunk/ref.ts";
import type { DatasetConfig } from "./catalog_file.ts";
import { AbsentKey, IndexError, OriginError, SluiceError } from "../errors.ts";
import { RangeTags } from "../http/entity_tag.ts";
import type { Log } from "../log.ts";
import type { Manifest, OpenOptions } from "../manifest.ts";
import { PrefixSet } from "../origin/allow_list.ts";
import type { Origin } from "../origin/origin.ts";
import { Store } from "./store.ts";
import type { View } from "../zarr/view.ts";

/** Opens an index, its format sniffed or named: `manifests/mod.ts`. */
export type OpenManifest = (
  url: URL,
  origin: Origin,
  options: OpenOptions & { readonly format?: string },
) => Promise<Manifest>;

export interface CatalogParts {
  readonly openManifest: OpenManifest;
  /** Makes the origin of a dataset from the prefixes it may reach and its `maxAge`, in seconds. */
  readonly originFor: (allow: readonly string[], maxAge: number) => Origin;
  readonly cache: ByteCache;
  /** Where it is written that an old index is served on. */
  readonly log?: Log;
  /** Milliseconds on a clock that never goes back; `performance.now()` by default. */
  readonly now?: () => number;
}

interface Opened {
  readonly manifest: Manifest;
  /** When the index was last looked at and found good, in milliseconds. */
  readonly checked: number;
}

interface Failure {
  readonly error: unknown;
  readonly times: number;
  /** Until when it is not tried again, in milliseconds. */
  readonly until: number;
}

/** Bytes that an opened manifest is weighed with beside what it says that it holds. */
const MANIFEST_BYTES = 16_384;
/** Milliseconds for which a first failure is remembered; each further one doubles it. */
const FIRST_PAUSE = 1000;
/** Milliseconds for which a failure is remembered at most. */
const LONGEST_PAUSE = 30_000;
/** What the remembered failures may weigh: the versions that clients make up are any number. */
const FAILURE_BYTES = 2 ** 20;
/** Seconds for which a proven absence may be kept at most. */
const ABSENCE_MAX_AGE = 60;

const IMMUTABLE = "max-age=31536000, immutable, no-transform";

/** A dataset of the catalog. Safe for concurrent use. */
export class Dataset {
  /** What the index and its references are read through: the allowed prefixes, nothing else. */
  readonly origin: Origin;
  readonly #allowed: PrefixSet;
  readonly tags = new RangeTags();
  readonly #parts: CatalogParts;
  readonly #checking = new Map<string, Promise<Opened>>();
  /** Since when versions that the index does not have are remembered together, in milliseconds. */
  #look = -Infinity;
  readonly #failures = new LRUCache<string, Failure>({
    maxSize: FAILURE_BYTES,
    sizeCalculation: (_, key) => 1024 + 2 * key.length,
  });
  /** The views of each opened index that is still in use. */
  readonly #stores = new WeakMap<Manifest, Map<View, Store>>();

  /** @param url where the index is, absolute */
  constructor(
    readonly id: string,
    readonly config: DatasetConfig,
    readonly url: URL,
    parts: CatalogParts,
  ) {
    this.#parts = parts;
    const whole = url.href.replace(/\/$/, "");
    const allow = [...config.origins, whole, `${whole}/`];
    this.#allowed = new PrefixSet(allow);
    this.origin = parts.originFor(allow, config.maxAge);
  }

  /** Whether its references may lead to what lies below a URL prefix. */
  allows(prefix: string): boolean {
    return URL.canParse(prefix) && this.#allowed.has(new URL(prefix));
  }

  /** A view of the index as it is now, or of one version of it. @throws SluiceError */
  async store(version: string | undefined, view: View): Promise<Store> {
    const manifest = await this.manifest(version);
    let stores = this.#stores.get(manifest);
    if (!stores) this.#stores.set(manifest, stores = new Map());
    let store = stores.get(view);
    if (!store) stores.set(view, store = new Store(manifest, view, this.#parts.cache, this.id));
    return store;
  }

  /**
   * The opened index, looked at again once `maxAge` seconds have passed. One that cannot be opened is
   * left alone for a while: a second, then twice as long each time, up to 30 seconds. One that was
   * good and cannot be looked at is served on for `staleIfError` seconds.
   *
   * @throws SluiceError
   */
  async manifest(version?: string): Promise<Manifest> {
    const key = this.#key(version);
    const kept = this.#parts.cache.peek<Opened>(key);
    if (kept && (kept.manifest.pinned || this.#age(kept) < this.config.maxAge)) {
      return kept.manifest;
    }
    const failure = this.#failures.get(key);
    if (failure && this.#now() < failure.until) return this.#stale(kept, failure.error);
    // One look at a time, however many requests find the index due.
    let checking = this.#checking.get(key);
    if (!checking) {
      checking = this.#check(key, kept, version).finally(() => this.#checking.delete(key));
      this.#checking.set(key, checking);
    }
    try {
      return (await checking).manifest;
    } catch (error) {
      return this.#stale(kept, error);
    }
  }

  /** `Cache-Control` of an answer that may change with the index. */
  get mutable(): string {
    return `${this.#scope}, max-age=${this.config.maxAge}, no-transform`;
  }

  /**
   * `Cache-Control` of a key's answer: for ever only where the URL names a version that cannot change,
   * and what the chunk's bytes are read from cannot either.
   *
   * @param version what the URL names
   * @param ref the chunk's; undefined for a document
   */
  caching(version: string | undefined, manifest: Manifest, ref?: ChunkRef): string {
    const fixed = version !== undefined && manifest.pinned && (ref === undefined || isSettled(ref));
    return fixed ? `${this.#scope}, ${IMMUTABLE}` : this.mutable;
  }

  /**
   * What files are held unchanged for, and cached for: this version of this index. Undefined where
   * they may change under it: a plain Zarr store's objects are its present, other indexes are about
   * files as they were.
   */
  epoch(manifest: Manifest): string | undefined {
    const settled = this.config.validate && !manifest.absentObjects;
    return settled ? `${this.id}\n${manifest.version}` : undefined;
  }

  /** Whether a failed read proves that there is no such chunk: a plain Zarr store is its own index. */
  provesAbsence(error: unknown, manifest: Manifest, ref: ChunkRef): boolean {
    return manifest.absentObjects === true && ref.kind === "object" &&
      error instanceof OriginError && error.absent;
  }

  /**
   * The 404 for a key that the index has not. It may be kept until the index is looked at again, and
   * not at all where keys appear without that: a kept absence that outlives an append is a silent fill.
   */
  absent(key: string, version: string | undefined, manifest: Manifest): AbsentKey {
    const opened = this.#parts.cache.peek<Opened>(this.#key(version));
    const left = manifest.pinned
      ? ABSENCE_MAX_AGE
      : manifest.absentObjects || opened?.manifest !== manifest
      ? 0
      : this.config.maxAge - this.#age(opened);
    const maxAge = Math.floor(Math.min(ABSENCE_MAX_AGE, this.config.maxAge, Math.max(0, left)));
    return new AbsentKey(`The index has no key "${key}"`, maxAge);
  }

  get #scope(): string {
    return this.config.tokens ? "private" : "public";
  }

  #key(version: string | undefined): string {
    return `manifest\n${this.id}\n${version ?? ""}`;
  }

  #now(): number {
    return (this.#parts.now ?? (() => performance.now()))();
  }

  /** Seconds since the index was last found good. */
  #age(opened: Opened): number {
    return (this.#now() - opened.checked) / 1000;
  }

  /** What was good until `error`, if it may still be served. @throws `error` */
  #stale(kept: Opened | undefined, error: unknown): Manifest {
    const { maxAge, staleIfError } = this.config;
    const serves = kept && this.#age(kept) < maxAge + staleIfError && !isGone(error);
    if (serves) return kept.manifest;
    throw error;
  }

  async #check(key: string, kept: Opened | undefined, version?: string): Promise<Opened> {
    const { cache, log } = this.#parts;
    const checked = this.#now();
    try {
      const manifest = kept ? await kept.manifest.refresh() : await this.#open(version);
      const opened = { manifest, checked };
      const bytes = MANIFEST_BYTES + (manifest.heldBytes ?? 0);
      // what the cache does not keep would be opened again for every request
      if (!cache.set(key, opened, bytes)) throw tooLarge(bytes, cache.maxBytes);
      this.#failures.delete(key);
      return opened;
    } catch (cause) {
      // A version that the index does not have is an answer, and as good as any other for maxAge.
      const error = isGone(cause)
        ? new AbsentKey(cause.message, Math.min(ABSENCE_MAX_AGE, this.config.maxAge))
        : cause;
      const times = (this.#failures.get(key)?.times ?? 0) + 1;
      const pause = isGone(error)
        ? this.config.maxAge * 1000
        : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(times - 1, 10));
      const from = isGone(error) && version !== undefined ? this.#look : this.#now();
      this.#failures.set(key, { error, times, until: from + pause });
      if (kept && this.config.staleIfError > 0) {
        const age = Math.round(this.#age(kept));
        log?.("index-stale", { dataset: this.id, version, ageSeconds: age }, error);
      }
      throw error;
    }
  }

  #open(version: string | undefined): Promise<Manifest> {
    const { cache, openManifest } = this.#parts;
    const { format, branch, maxAge } = this.config;
    if (this.#now() - this.#look >= maxAge * 1000) this.#look = this.#now();
    return openManifest(this.url, this.origin, {
      cache,
      maxIndexBytes: cache.maxBytes,
      format,
      version,
      branch,
      look: this.#look,
    });
  }
}

function tooLarge(bytes: number, maxBytes: number): IndexError {
  const detail = `The index holds ${bytes} bytes; limits.indexCacheBytes is ${maxBytes}`;
  return new IndexError(detail, { bytes, maxBytes }, undefined, "index-too-large");
}

/** Whether the index itself says that there is no such version. */
function isGone(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code === "not-found";
}

/** Whether the bytes behind a reference cannot change without being noticed. */
function isSettled(ref: ChunkRef): boolean {
  return filesOf(ref).every((file) => file.immutable === true || file.validator !== undefined);
}
