/** How many reads of one host may be under way. */

import { OriginError } from "../errors.ts";
import { type Linked, LinkedList } from "../linked_list.ts";

/** A body that holds a place. */
export interface Holder extends Linked {
  /** On the clock of `performance.now()`. */
  readonly since: number;
  /** Gives its place back. */
  cancel(): Promise<void>;
}

/** Places for reads under way, and a bounded queue of reads waiting for one. */
export class Limit {
  #free: number;
  readonly #waiting: Array<() => void> = [];
  /** Bodies that nobody has taken or finished yet, oldest first. */
  readonly holders = new LinkedList<Holder>();

  /**
   * All places are free.
   *
   * @param concurrent reads that may be under way
   * @param queued reads that may wait; one more fails
   * @param holdMilliseconds after which a body is taken to be forgotten: it is cancelled when its place
   *   is wanted, so that no fault elsewhere uses up the places for good
   */
  constructor(
    readonly concurrent: number,
    readonly queued: number = concurrent * 16,
    readonly holdMilliseconds: number = Infinity,
  ) {
    this.#free = concurrent;
  }

  /** Reads under way. */
  get underWay(): number {
    return this.concurrent - this.#free;
  }

  /** Takes a place now, if there is one. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Takes a place when there is one. @throws OriginError `overloaded` */
  take(signal?: AbortSignal): Promise<void> {
    this.#reclaim();
    if (this.tryTake()) return Promise.resolve();
    if (this.#waiting.length >= this.queued || signal?.aborted) {
      return Promise.reject(overloaded());
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(overloaded());
      };
      this.#waiting.push(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #reclaim(): void {
    const oldest = performance.now() - this.holdMilliseconds;
    for (let holder; (holder = this.holders.first);) {
      if (holder.since > oldest) return;
      this.holders.delete(holder);
      // whoever held it is gone: there is nobody to tell of a failure
      holder.cancel().catch(() => undefined);
    }
  }

  /** Gives a place back: to the read that has waited longest. */
  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

function overloaded(): OriginError {
  return new OriginError("overloaded", "Too many reads of one origin are under way");
}
