/** URL objects of references: the same one for the same file, since it is asked for chunk after chunk. */

import { LRUCache } from "lru-cache";

/** Files whose URLs are kept. */
const REMEMBERED = 256;

/**
 * URLs by what names them, made once while they are remembered. What is derived from a URL (its
 * canonical form, its keys in caches) is remembered for the object, so that it too is made once.
 */
export class KnownUrls<Name extends string | number> {
  readonly #urls = new LRUCache<Name, URL>({ max: REMEMBERED });

  /** None are known yet. @param make makes the URL of a name; what it throws is not remembered */
  constructor(private readonly make: (name: Name) => URL) {}

  /** The URL of `name`. It is shared: nobody may change it. */
  get(name: Name): URL {
    let url = this.#urls.get(name);
    if (url === undefined) {
      url = this.make(name);
      this.#urls.set(name, url);
    }
    return url;
  }
}
