/** Waiting for work that others wait for, too. */

import { OriginError } from "../src/errors.ts";

/** What `work` gives. @throws OriginError if `signal` ends the waiting before; the work goes on */
export function whileWanted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = () =>
      reject(
        signal.reason instanceof OriginError
          ? signal.reason
          : new OriginError("origin-unavailable", "The read was cancelled", { cancelled: true }),
      );
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
