/** A file that changes while an index over it is being served: found out even without a validator. */

import { LRUCache } from "lru-cache";
import { OriginError } from "../../errors.ts";
import type { Validator } from "../source_file.ts";
import type { Origin, OriginBody } from "../origin.ts";
import { hasChanged } from "../validator.ts";

/** What each file looked like when it was first read in an epoch, for as many files as are remembered. */
export class FirstSeen {
  readonly #states: LRUCache<string, Validator>;
  /** The key of a URL in the epoch in which it was last read: it is looked up for every chunk. */
  readonly #keys = new WeakMap<URL, { readonly epoch: string; href: string; key: string }>();

  /**
   * Nothing is seen yet.
   *
   * @param max files remembered; of more, those not read for longest are forgotten
   */
  constructor(max = 10_000) {
    this.#states = new LRUCache({ max });
  }

  /** The state of the file at `url` in `epoch`. */
  get(epoch: string, url: URL): Validator | undefined {
    return this.#states.get(this.#key(epoch, url));
  }

  /** Remembers a state, unless there is one. */
  set(epoch: string, url: URL, state: Validator): void {
    const key = this.#key(epoch, url);
    if (!this.#states.has(key)) this.#states.set(key, state);
  }

  #key(epoch: string, url: URL): string {
    const { href } = url;
    const last = this.#keys.get(url);
    if (last?.href === href && last.epoch === epoch) return last.key;
    const key = `${epoch} ${href}`;
    this.#keys.set(url, { epoch, href, key });
    return key;
  }
}

/**
 * `origin`, holding every read with an `epoch`, and no validator of its own, to the state in which its
 * file was first seen in that epoch.
 */
export function withDrift(origin: Origin, seen: FirstSeen): Origin {
  async function first(epoch: string, url: URL, reading: Promise<OriginBody>): Promise<OriginBody> {
    const body = await reading;
    const state = body.validator;
    if (state === undefined) return body;
    // another first read may have come back while this one was under way
    const known = seen.get(epoch, url);
    if (known !== undefined && hasChanged(known, state)) {
      await body.cancel();
      throw new OriginError("source-changed", "The source file changed while it was read", {
        url: url.href,
      });
    }
    seen.set(epoch, url, state);
    return body;
  }

  return {
    ...origin,
    read(url, range, options) {
      const epoch = options?.epoch;
      if (epoch === undefined || options?.validator || options?.unless) {
        return origin.read(url, range, options);
      }
      const known = seen.get(epoch, url);
      if (known === undefined) return first(epoch, url, origin.read(url, range, options));
      return origin.read(url, range, { ...options, validator: known });
    },
  };
}
