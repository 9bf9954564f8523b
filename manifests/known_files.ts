/** The files of references: the same object for the same file, since it is asked for chunk after chunk. */

import { LRUCache } from "lru-cache";
import type { SourceFile } from "../src/origin/source_file.ts";

/** Files that are kept. */
const REMEMBERED = 256;

/**
 * Files by what names them, made once while they are remembered. What is derived from a file (its
 * canonical URL, its keys in caches) is remembered for the object, so that it too is made once.
 */
export class KnownFiles<Name extends string | number> {
  readonly #files = new LRUCache<Name, SourceFile>({ max: REMEMBERED });

  /** None are known yet. @param make makes the file of a name; what it throws is not remembered */
  constructor(private readonly make: (name: Name) => SourceFile) {}

  /** The file of `name`. It is shared: nobody may change it. */
  get(name: Name): SourceFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = this.make(name);
      this.#files.set(name, file);
    }
    return file;
  }
}
