/** A file that changes while an index over it is being served: found out even without a validator. */

import { LRUCache } from "lru-cache";
import { OriginError } from "../../errors.ts";
import type { SourceFile, Validator } from "../source_file.ts";
import type { Origin, OriginBody } from "../origin.ts";
import { hasChanged } from "../validator.ts";

/** What each file looked like when it was first read in an epoch, for as many files as are remembered. */
export class FirstSeen {
  readonly #states: LRUCache<string, Validator>;
  /** Each file in the state of the epoch in which it was last read: it is looked up for every chunk. */
  readonly #held = new WeakMap<SourceFile, { epoch: string; key: string; held: Held }>();

  /** @param max files remembered; of more, those not read for longest are forgotten */
  constructor(max = 10_000) {
    this.#states = new LRUCache({ max });
  }

  /** The file in the state in which it was seen in `epoch`; undefined if it was not. */
  held(epoch: string, file: SourceFile): Held | undefined {
    const last = this.#held.get(file);
    const key = last?.epoch === epoch ? last.key : `${epoch} ${file.url.href}`;
    const state = this.#states.get(key);
    if (state === undefined) return undefined;
    if (last?.key === key && last.held.validator === state) return last.held;
    const held = { ...file, validator: state };
    this.#held.set(file, { epoch, key, held });
    return held;
  }

  /** Remembers the state of a file that was not seen in `epoch`. */
  set(epoch: string, file: SourceFile, state: Validator): void {
    this.#states.set(`${epoch} ${file.url.href}`, state);
  }
}

export type Held = SourceFile & { readonly validator: Validator };

/**
 * `origin`, holding every read with an `epoch`, and no validator of its own, to the state in which its
 * file was first seen in that epoch.
 */
export function withDrift(origin: Origin, seen: FirstSeen): Origin {
  async function first(
    epoch: string,
    file: SourceFile,
    reading: Promise<OriginBody>,
  ): Promise<OriginBody> {
    const body = await reading;
    const state = body.validator;
    if (state === undefined) return body;
    // another first read may have come back while this one was under way
    const known = seen.held(epoch, file);
    if (known && hasChanged(known.validator, state)) {
      await body.cancel();
      throw new OriginError("source-changed", "The source file changed while it was read", {
        url: file.url.href,
      });
    }
    if (!known) seen.set(epoch, file, state);
    return body;
  }

  return {
    ...origin,
    read(file, range, options) {
      const epoch = options?.epoch;
      if (epoch === undefined || file.validator || options?.unless) {
        return origin.read(file, range, options);
      }
      const known = seen.held(epoch, file);
      if (known === undefined) return first(epoch, file, origin.read(file, range, options));
      return origin.read(known, range, options);
    },
  };
}
