/** How reads end before they are done: their time is over, nobody waits any more, the network fails. */

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

/** What the end of `signal` means for a read: the fault that ended it, or that its reader left. */
export function cancelled(signal: AbortSignal, url?: string): OriginError {
  const { reason } = signal;
  if (reason instanceof OriginError) return reason;
  return (reason as { name?: unknown } | undefined)?.name === "TimeoutError"
    ? new OriginError("origin-timeout", "The origin did not answer in time", { url }, reason)
    : new OriginError("origin-unavailable", "The read was cancelled", { url, cancelled: true });
}

/** What `work` gives. @throws OriginError if `signal` ends the waiting before; the work goes on */
export function whileWanted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(cancelled(signal));
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

/** The fault that an exception of `fetch`, or of reading a body, stands for. */
export function networkFault(cause: unknown, url: string, signal?: AbortSignal): OriginError {
  if (cause instanceof OriginError) return cause;
  if (signal?.aborted) return cancelled(signal, url);
  if (isDenied(cause)) {
    return new OriginError(
      "origin-not-allowed",
      "The server has no permission to reach the origin",
      { url },
      cause,
    );
  }
  return new OriginError("origin-unavailable", "The origin cannot be reached", { url }, cause);
}

/** True if the runtime's own permissions refuse the host: by its name, or by what that resolves to. */
function isDenied(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return cause.name === "NotCapable" || /Requires net access/.test(cause.message) ||
    isDenied(cause.cause);
}
