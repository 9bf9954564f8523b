/** Where the relative paths of a kerchunk Parquet set lead. */

import { LRUCache } from "lru-cache";
import { OriginError } from "../../src/errors.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { urlBelow } from "../folder_url.ts";
import { referenceUrl } from "../reference_url.ts";

/** Paths that were found nowhere, remembered so that not every chunk of them looks again. */
const REMEMBERED = 256;

/**
 * Writers and readers do not agree on what a relative path is relative to. In this order the places are
 * looked at; the first that has the file is that of the whole array:
 *
 * 1. beside the set, where fsspec finds it if it runs there (it takes the working directory),
 * 2. beside the partition, as GDAL takes it,
 * 3. in the set's folder.
 */
export class RelativePlaces {
  readonly #bases = new Map<string, URL>();
  readonly #nowhere = new LRUCache<string, true>({ max: REMEMBERED });

  /** Nothing is looked at yet. @param root the set's folder, with its slash */
  constructor(readonly root: URL, readonly origin: Origin) {}

  /**
   * What the relative paths of the array at `path` are relative to; the first place where none has the
   * file, so that a read says so.
   *
   * @param text one of the paths
   * @throws OriginError where it cannot be told whether a place has the file
   */
  async baseOf(path: string, text: string): Promise<URL> {
    const known = this.#bases.get(path);
    if (known) return known;
    const beside = new URL(this.root.pathname.slice(0, -1) || "/", this.root);
    if (this.#nowhere.has(text)) return beside;
    const partition = urlBelow(this.root, path === "" ? [] : path.split("/"), "");
    for (const base of [beside, partition, this.root]) {
      if (!await this.#has(referenceUrl(text, base))) continue;
      this.#bases.set(path, base);
      return base;
    }
    this.#nowhere.set(text, true);
    return beside;
  }

  async #has(url: URL): Promise<boolean> {
    try {
      await this.origin.head({ url });
      return true;
    } catch (fault) {
      if (!(fault instanceof OriginError)) throw fault;
      // object stores hide with 403 what may not be listed, and what may not be read is no place
      const isUnseen = fault.absent || fault.context.originStatus === 403 ||
        fault.code === "origin-not-allowed";
      if (isUnseen) return false;
      throw fault;
    }
  }
}
