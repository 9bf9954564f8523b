/** A file that changes while an index over it is being served: found out even without a validator. */

import { LRUCache } from "lru-cache";
import { OriginError } from "../errors.ts";
import type { Validator } from "../manifest.ts";
import type { Origin } from "./origin.ts";
import { hasChanged } from "./validator.ts";

/** What each file looked like when it was first read in an epoch, for as many files as are remembered. */
export class FirstSeen {
  readonly #states: LRUCache<string, Validator>;

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
    return this.#states.get(`${epoch} ${url.href}`);
  }

  /** Remembers a state, unless there is one. */
  set(epoch: string, url: URL, state: Validator): void {
    const key = `${epoch} ${url.href}`;
    if (!this.#states.has(key)) this.#states.set(key, state);
  }
}

/**
 * `origin`, holding every read with an `epoch`, and no validator of its own, to the state in which its
 * file was first seen in that epoch.
 */
export function withDrift(origin: Origin, seen: FirstSeen): Origin {
  return {
    ...origin,
    async read(url, range, options) {
      const epoch = options?.epoch;
      if (epoch === undefined || options?.validator || options?.unless) {
        return await origin.read(url, range, options);
      }
      const known = seen.get(epoch, url);
      const body = await origin.read(
        url,
        range,
        known ? { ...options, validator: known } : options,
      );
      if (known !== undefined) return body;
      const state = body.validator;
      if (state === undefined) return body;
      // another first read may have come back while this one was under way
      const first = seen.get(epoch, url);
      if (first !== undefined && hasChanged(first, state)) {
        await body.cancel();
        throw new OriginError("source-changed", "The source file changed while it was read", {
          url: url.href,
        });
      }
      seen.set(epoch, url, state);
      return body;
    },
  };
}
