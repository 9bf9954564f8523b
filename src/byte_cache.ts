/** The one store of everything that may be dropped: partitions, manifests, chunks. Bounded in bytes. */

import { LRUCache } from "lru-cache";

/** Bytes of an entry beside its value and its key: measured in `lru-cache` and the maps around it. */
const ENTRY_BYTES = 200;

interface Entry {
  readonly value: unknown;
  readonly bytes: number;
}

/** A least-recently-used cache with single flight; entries are weighed in bytes, their keys with them. */
export class ByteCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loading = new Map<string, Promise<unknown>>();

  /** Empty at first. @param maxBytes what all entries together may hold, in bytes */
  constructor(readonly maxBytes: number) {
    this.#entries = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: (entry, key) => ENTRY_BYTES + 2 * key.length + entry.bytes,
    });
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The remembered value of `key`, marked as used; undefined if there is none. */
  peek<T>(key: string): T | undefined {
    return this.#entries.get(key)?.value as T | undefined;
  }

  /**
   * The value of `key`, loaded at most once at a time however many ask. A failed load is not
   * remembered, nor is `undefined`: what is absent has any number of names. A value heavier than the
   * whole cache is returned but not kept.
   */
  load<T>(key: string, load: () => Promise<{ value: T; bytes: number }>): Promise<T> {
    const kept = this.#entries.get(key);
    if (kept) return Promise.resolve(kept.value as T);
    const pending = this.#loading.get(key);
    if (pending) return pending as Promise<T>;
    const loading = load().then((entry) => {
      if (entry.value !== undefined) this.#entries.set(key, entry);
      return entry.value;
    }).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** Remembers `value` under `key`, in the place of what was there; false if it is heavier than the whole cache. */
  set<T>(key: string, value: T, bytes: number): boolean {
    return this.#entries.set(key, { value, bytes }).has(key);
  }

  /** Forgets `key`. */
  delete(key: string): void {
    this.#entries.delete(key);
  }
}
