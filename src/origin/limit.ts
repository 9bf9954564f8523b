/** How many reads of one host may be under way. */

import { Budget } from "../budget.ts";
import { OriginError } from "../errors.ts";
import { type Linked, LinkedList } from "../linked_list.ts";

export interface Holder extends Linked {
  /** On the clock of `performance.now()`. */
  readonly since: number;
  cancel(): Promise<void>;
}

/** Places for reads under way, and a bounded queue of reads waiting for one. */
export class Limit {
  readonly #places: Budget;
  /** Bodies that nobody has taken or finished yet, oldest first. */
  readonly holders = new LinkedList<Holder>();

  /**
   * @param concurrent reads that may be under way
   * @param queued reads that may wait; one more fails
   * @param holdMilliseconds after which a body is taken to be forgotten: it is cancelled when its place
   *   is wanted, so that no fault elsewhere uses up the places for good
   */
  constructor(
    concurrent: number,
    queued: number = concurrent * 16,
    readonly holdMilliseconds: number = Infinity,
  ) {
    this.#places = new Budget(
      concurrent,
      queued,
      () => new OriginError("overloaded", "Too many reads of one origin are under way"),
    );
  }

  get underWay(): number {
    return this.#places.taken;
  }

  tryTake(): boolean {
    return this.#places.tryTake(1);
  }

  /** Takes a place when there is one. @throws OriginError `overloaded` */
  async take(signal?: AbortSignal): Promise<void> {
    this.#reclaim();
    await this.#places.take(1, signal);
  }

  /** Gives a place back: to the read that has waited longest. */
  give(): void {
    this.#places.give(1);
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
}
