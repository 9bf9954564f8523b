/** What it means that `fetch` threw, or that a body could not be read on. */

import { OriginError } from "../errors.ts";
import { cancelled } from "./cancellation.ts";

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
