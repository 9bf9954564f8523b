/** Faults as RFC 9457 problem documents. The only place where an error becomes a response. */

import { AbsentKey, type Fault, FAULTS, SluiceError } from "../errors.ts";
import { responseWith } from "./headers.ts";
import type { Log } from "../log.ts";

/** Where in the URL space a fault happened. */
export interface FaultPlace {
  /** Id of the dataset that owns the path, if one does. */
  readonly dataset?: string;
  /** The key below the root of its store. */
  readonly key?: string;
  /** True if only some may read the dataset, so that shared caches must not keep the answer. */
  readonly protected?: boolean;
}

/** Seconds for which it may be kept that no dataset owns a path. */
const UNOWNED_MAX_AGE = 60;

/**
 * The response to `error`. Server faults are logged with their context; the client is told the
 * detail and never an origin's URL, query, headers or body.
 */
export function problemResponse(error: unknown, place: FaultPlace, log: Log): Response {
  const fault = error instanceof SluiceError
    ? error
    : new SluiceError("internal", "The gateway failed; the log has more", {}, error);
  const requestId = crypto.randomUUID();
  const { dataset, key } = place;
  const scope = place.protected ? "private" : "public";
  const entry: Fault = FAULTS[fault.code];
  const unowned = entry.status === 404 && dataset === undefined;
  const absentFor = fault instanceof AbsentKey ? fault.maxAge : unowned ? UNOWNED_MAX_AGE : 0;
  // That a client left is no fault of anybody's.
  if (entry.status >= 500 && fault.context.cancelled !== true) {
    log("fault", { requestId, dataset, key, code: fault.code, detail: fault.message }, fault);
  }
  const headers: [string, string][] = [
    ["content-type", "application/problem+json"],
    ["cache-control", absentFor > 0 ? `${scope}, max-age=${absentFor}` : "no-store"],
  ];
  if (entry.retryAfter !== undefined) headers.push(["retry-after", String(entry.retryAfter)]);
  if (fault.code === "unauthorized") headers.push(["www-authenticate", 'Bearer realm="sluice"']);
  if (fault.code === "method-not-allowed") headers.push(["allow", "GET, HEAD, OPTIONS"]);
  const body = JSON.stringify({
    type: fault.code,
    title: entry.title,
    status: entry.status,
    detail: fault.message,
    dataset,
    key,
    requestId,
  });
  headers.push(["content-length", String(new TextEncoder().encode(body).length)]);
  return responseWith(body, headers, entry.status);
}
