/** Time limits of reads: one timer for all that are under way, on a clock that is never set. */

import { OriginError } from "../errors.ts";
import { type Linked, LinkedList } from "../linked_list.ts";

/** Reads under way in the order in which their time ends; they all have the same time. */
export class Deadlines {
  readonly #reads = new LinkedList<TimedRead>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Nothing is under way yet.
   *
   * @param milliseconds that each read has
   */
  constructor(readonly milliseconds: number) {}

  /** Gives a read its whole time, again or for the first time. */
  start(read: TimedRead): void {
    this.#reads.delete(read);
    read.until = performance.now() + this.milliseconds;
    this.#reads.add(read);
    this.#timer ??= setTimeout(this.#sweep, this.milliseconds);
  }

  /** The time of a read stands still. */
  stop(read: TimedRead): void {
    this.#reads.delete(read);
    if (this.#reads.first) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (let read; (read = this.#reads.first);) {
      if (read.until > now) {
        this.#timer = setTimeout(this.#sweep, read.until - now + 1);
        return;
      }
      this.#reads.delete(read);
      read.expire();
    }
  };
}

/** A read in its time: its signal aborts when that is over, or with its caller's. */
export class TimedRead implements Linked {
  /** See {@link Linked}. */
  list?: unknown = undefined;
  /** See {@link Linked}. */
  before?: Linked = undefined;
  /** See {@link Linked}. */
  behind?: Linked = undefined;
  /** On the clock of `performance.now()`. */
  until = 0;
  readonly #controller = new AbortController();
  readonly #leave: (() => void) | undefined;

  /** Its time runs from now. @param caller what else ends it */
  constructor(
    private readonly clock: Deadlines,
    private readonly url: URL,
    private readonly caller: AbortSignal | undefined,
  ) {
    clock.start(this);
    if (caller === undefined) return;
    this.#leave = () => this.#controller.abort(caller.reason);
    if (caller.aborted) this.#leave();
    else caller.addEventListener("abort", this.#leave);
  }

  /** Aborts when the read must end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Its time stands still. */
  pause(): void {
    this.clock.stop(this);
  }

  /** It has its whole time again. */
  resume(): void {
    this.clock.start(this);
  }

  /** It is done, and nobody's to end any more. */
  over(): void {
    this.clock.stop(this);
    if (this.#leave) this.caller?.removeEventListener("abort", this.#leave);
  }

  /** Ends it as too late. The clock alone calls this. */
  expire(): void {
    const context = { url: this.url.href };
    this.#controller.abort(
      new OriginError("origin-timeout", "The origin did not answer in time", context),
    );
  }
}
