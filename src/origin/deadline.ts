/** The time that a read has. */

import { type Deadlines, Timed } from "../deadlines.ts";
import { OriginError } from "../errors.ts";

/** A read in its time: its signal aborts when that is over, or with its caller's. */
export class TimedRead extends Timed {
  readonly #controller = new AbortController();
  readonly #leave: (() => void) | undefined;

  /** @param caller what else ends it */
  constructor(
    private readonly clock: Deadlines,
    private readonly url: URL,
    private readonly caller: AbortSignal | undefined,
  ) {
    super();
    clock.start(this);
    if (caller === undefined) return;
    this.#leave = () => this.#controller.abort(caller.reason);
    if (caller.aborted) this.#leave();
    else caller.addEventListener("abort", this.#leave);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  pause(): void {
    this.clock.stop(this);
  }

  resume(): void {
    this.clock.start(this);
  }

  /** It is done, and nobody's to end any more. */
  over(): void {
    this.clock.stop(this);
    if (this.#leave) this.caller?.removeEventListener("abort", this.#leave);
  }

  expire(): void {
    const context = { url: this.url.href };
    this.#controller.abort(
      new OriginError("origin-timeout", "The origin did not answer in time", context),
    );
  }
}
