/**
 * Answers a GET or HEAD for one key: preconditions, then range, then bytes (RFC 9110 §13–14). Bytes
 * are asked for only when nothing else settles the answer.
 */

import { type ByteRange, requestedRange } from "../byte_range.ts";
import { SluiceError } from "../errors.ts";
import { responseWith } from "./headers.ts";

/** The bytes of an answer: in memory, or as they come. */
export type BodyBytes = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** What a key answers, before the request's conditions and range. */
export interface Representation {
  /** Strong entity tag, quotes included. */
  readonly etag: string;
  readonly contentType: string;
  /** Who may keep the answer, and for how long: `Cache-Control`. */
  readonly cacheControl: string;
  /** More headers, e.g. `vary`. */
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  /** Bytes of the whole, if they are known before any is read; else {@link measure} finds them out. */
  readonly length?: number;
  /** Bytes of the whole, by making it. (HEAD too: Deno says 0 where an answer leaves its length out.) */
  measure(): Promise<number>;
  open(range: ByteRange | undefined): Promise<BodyBytes>;
  timing?(): string;
}

export function memoryRepresentation(
  bytes: Uint8Array<ArrayBuffer>,
  facts: Omit<Representation, "length" | "measure" | "open">,
): Representation {
  return {
    ...facts,
    length: bytes.length,
    measure: () => Promise.resolve(bytes.length),
    open: (range) =>
      Promise.resolve(
        range ? bytes.subarray(range.offset, range.offset + range.length) : bytes,
      ),
  };
}

/** The response to `request` for `representation`. @throws SluiceError for 412 */
export async function respond(
  request: Request,
  representation: Representation,
): Promise<Response> {
  const { etag } = representation;
  const conditions = request.headers;
  const ifMatch = conditions.get("if-match");
  if (ifMatch !== null && !tagMatches(ifMatch, etag, false)) {
    throw new SluiceError("precondition-failed", `The key's ETag is ${etag}`);
  }
  const ifNoneMatch = conditions.get("if-none-match");
  if (ifNoneMatch !== null && tagMatches(ifNoneMatch, etag, true)) {
    return responseWith(null, headersOf(representation), 304);
  }
  const rangeAsked = conditions.get("range");
  const ifRange = rangeAsked === null ? null : conditions.get("if-range");
  const rangeHeader = ifRange === null || ifRange === etag ? rangeAsked : null;
  const head = request.method === "HEAD";

  const headers: Array<readonly [string, string]> = [
    ["content-type", representation.contentType],
    ["accept-ranges", "bytes"],
  ];
  const { length = await representation.measure() } = representation;
  const range = requestedRange(rangeHeader, length);
  if (range === "unsatisfiable") {
    const problem = new SluiceError("range-not-satisfiable", `The key has ${length} bytes`);
    return responseWith(null, [
      ["content-range", `bytes */${length}`],
      ["cache-control", "no-store"],
      ["content-length", "0"],
    ], problem.status);
  }
  const part = range ?? { offset: 0, length };
  const body = head || part.length === 0 ? null : await representation.open(range);
  headers.push(["content-length", String(part.length)], ...headersOf(representation));
  if (range === undefined) return responseWith(body, headers);
  const last = part.offset + part.length - 1;
  headers.push(["content-range", `bytes ${part.offset}-${last}/${length}`]);
  return responseWith(body, headers, 206);
}

function headersOf(representation: Representation): Array<readonly [string, string]> {
  const headers: Array<readonly [string, string]> = [
    ["etag", representation.etag],
    ["cache-control", representation.cacheControl],
    ...(representation.headers ?? []),
  ];
  const timing = representation.timing?.();
  if (timing) headers.push(["server-timing", timing]);
  return headers;
}

/** Whether a list of entity tags (or `*`) names `etag`; `weak` ignores a `W/` in front. */
function tagMatches(list: string, etag: string, weak: boolean): boolean {
  return list.trim() === "*" || list.split(",").some((item) => {
    const tag = item.trim();
    return tag === etag || (weak && tag === `W/${etag}`);
  });
}
