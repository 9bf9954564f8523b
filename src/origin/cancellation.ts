/** Reads that end before they are done, because nobody waits for them any more. */

import { OriginError } from "../errors.ts";

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
