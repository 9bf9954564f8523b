/** Small numbers for files in a state, so that what is kept for each read has a short key. */

import { LRUCache } from "lru-cache";
import type { ReadOptions } from "../origin.ts";

/** Files whose numbers are remembered; one that was forgotten gets a new number, never another's. */
const REMEMBERED = 10_000;

/** Numbers of files: the same for the same URL, epoch and validator, while it is remembered. */
export class FileIds {
  readonly #ids = new LRUCache<string, number>({ max: REMEMBERED });
  /** What each URL was last asked for with: mostly it is the same again. */
  readonly #last = new WeakMap<URL, Named>();
  #next = 0;

  /** The number of the file at `url`, held to the epoch and the validator of `options`. */
  of(url: URL, options: Pick<ReadOptions, "epoch" | "validator">): number {
    const { href } = url;
    const { epoch } = options;
    const { etag, lastModified } = options.validator ?? {};
    const last = this.#last.get(url);
    const same = last?.href === href && last.epoch === epoch && last.etag === etag &&
      last.lastModified === lastModified;
    if (same) return last.id;
    const name = JSON.stringify([href, epoch, etag, lastModified]);
    let id = this.#ids.get(name);
    if (id === undefined) this.#ids.set(name, id = this.#next++);
    this.#last.set(url, { href, epoch, etag, lastModified, id });
    return id;
  }
}

interface Named {
  readonly href: string;
  readonly epoch: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: number | undefined;
  readonly id: number;
}
