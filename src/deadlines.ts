/** Time limits of what is under way: one timer for all, on a clock that is never set. */

import { Linked, LinkedList } from "./linked_list.ts";

export abstract class Timed extends Linked {
  /** On the clock of `performance.now()`. */
  until = 0;

  abstract expire(): void;
}

/** What is under way in the order in which its time ends; all have the same time. */
export class Deadlines {
  readonly #timed = new LinkedList<Timed>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly milliseconds: number) {}

  /** Gives it its whole time, again or for the first time. */
  start(timed: Timed): void {
    this.#timed.delete(timed);
    timed.until = performance.now() + this.milliseconds;
    this.#timed.add(timed);
    this.#timer ??= setTimeout(this.#sweep, this.milliseconds);
  }

  /** Its time stands still. */
  stop(timed: Timed): void {
    this.#timed.delete(timed);
    if (this.#timed.first) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (let timed; (timed = this.#timed.first);) {
      if (timed.until > now) {
        this.#timer = setTimeout(this.#sweep, timed.until - now + 1);
        return;
      }
      this.#timed.delete(timed);
      timed.expire();
    }
  };
}
