/** A file that changes while an index over it is being served: found out even without a validator. */

import { LRUCache } from "lru-cache";
import { OriginError } from "../../errors.ts";
import type { SourceFile, Validator } from "../source_file.ts";
import type { Origin, OriginBody } from "../origin.ts";
import { hasChanged } from "../validator.ts";

/** What each file looked like when it was first read in an epoch, for as many files as are remembered. */
export class FirstSeen {
  readonly #states: LRUCache<string, Validator>;
  /** The key of a file in the epoch in which it was last read: it is looked up for every chunk. */
  readonly #keys = new WeakMap<SourceFile, { readonly epoch: string; key: string }>();

  /**
   * Nothing is seen yet.
   *
   * @param max files remembered; of more, those not read for longest are forgotten
   */
  constructor(max = 10_000) {
    this.#states = new LRUCache({ max });
  }

  /** The state of the file in `epoch`. */
  get(epoch: string, file: SourceFile): Validator | undefined {
    return this.#states.get(this.#key(epoch, file));
  }

  /** Remembers a state, unless there is one. */
  set(epoch: string, file: SourceFile, state: Validator): void {
    const key = this.#key(epoch, file);
    if (!this.#states.has(key)) this.#states.set(key, state);
  }

  #key(epoch: string, file: SourceFile): string {
    const last = this.#keys.get(file);
    if (last?.epoch === epoch) return last.key;
    const key = `${epoch} ${file.url.href}`;
    this.#keys.set(file, { epoch, key });
    return key;
  }
}

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
    const known = seen.get(epoch, file);
    if (known !== undefined && hasChanged(known, state)) {
      await body.cancel();
      throw new OriginError("source-changed", "The source file changed while it was read", {
        url: file.url.href,
      });
    }
    seen.set(epoch, file, state);
    return body;
  }

  return {
    ...origin,
    read(file, range, options) {
      const epoch = options?.epoch;
      if (epoch === undefined || file.validator || options?.unless) {
        return origin.read(file, range, options);
      }
      const known = seen.get(epoch, file);
      if (known === undefined) return first(epoch, file, origin.read(file, range, options));
      return origin.read({ ...file, validator: known }, range, options);
    },
  };
}
