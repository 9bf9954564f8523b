/** Small numbers for files in a state, so that what is kept for each read has a short key. */

import { LRUCache } from "lru-cache";
import type { SourceFile } from "../source_file.ts";

/** Files whose numbers are remembered; one that was forgotten gets a new number, never another's. */
const REMEMBERED = 10_000;

/** Numbers of files: the same for the same URL, epoch and validator, while it is remembered. */
export class FileIds {
  readonly #ids = new LRUCache<string, number>({ max: REMEMBERED });
  /** The epoch that each file was last asked for in: mostly it is the same again. */
  readonly #last = new WeakMap<SourceFile, { epoch: string | undefined; id: number }>();
  #next = 0;

  of(file: SourceFile, epoch: string | undefined): number {
    const last = this.#last.get(file);
    if (last?.epoch === epoch && last) return last.id;
    const { etag, lastModified } = file.validator ?? {};
    const name = JSON.stringify([file.url.href, epoch, etag, lastModified]);
    let id = this.#ids.get(name);
    if (id === undefined) this.#ids.set(name, id = this.#next++);
    this.#last.set(file, { epoch, id });
    return id;
  }
}
