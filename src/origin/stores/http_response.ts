/** Whether a response is exactly the answer that was asked for; if not, which fault it is. */

import { type ByteRange, parseContentRange } from "../../byte_range.ts";
import { type ErrorCode, OriginError } from "../../errors.ts";
import type { SourceFile } from "../source_file.ts";
import type { StoreAnswer } from "../store.ts";
import { hasChanged, validatorOf } from "../validator.ts";

/**
 * Checks status and headers of the response to a GET for `range` (all of the object if undefined).
 * HTTP.md, "Faults".
 *
 * @param conditional true if the answer may be 304
 * @throws OriginError
 */
export function checkAnswer(
  response: Response,
  file: SourceFile,
  range: ByteRange | undefined,
  conditional: boolean,
): StoreAnswer {
  const { status, headers } = response;
  const url = file.url.href;
  const wrong = (code: ErrorCode, detail: string) =>
    new OriginError(code, detail, {
      url,
      originStatus: status,
      contentRange: headers.get("content-range"),
      contentLength: headers.get("content-length"),
    });
  if (status === 304 && conditional) return { response, notModified: true, framed: true };
  if (status !== 200 && status !== 206) throw statusFault(response, url);
  if (file.validator && hasChanged(file.validator, validatorOf(headers))) {
    throw wrong("source-changed", "The source file is not the one that was indexed");
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "" && encoding !== "identity") {
    throw wrong("origin-range-mismatch", "The origin sent encoded bytes");
  }
  const declared = declaredLength(headers);
  if (range === undefined) {
    if (status === 206) throw wrong("origin-range-mismatch", "The origin sent a part unasked");
    const framed = declared !== undefined;
    return { response, length: declared, objectLength: declared, framed };
  }
  if (status === 200) {
    throw wrong("range-ignored", "The origin sent the whole file for a byte range");
  }
  const sent = parseContentRange(headers.get("content-range"));
  if (sent === undefined || sent.offset !== range.offset || sent.length !== range.length) {
    throw wrong("origin-range-mismatch", "The origin sent another byte range than asked");
  }
  if (declared !== undefined && declared !== range.length) {
    throw wrong("origin-range-mismatch", "The origin declared another length than asked");
  }
  const framed = declared !== undefined;
  return { response, length: range.length, objectLength: sent.total, framed };
}

/** The fault that a response other than 200, 206 and a wanted 304 is. Redirects are faults too. */
export function statusFault(response: Response, url: string): OriginError {
  const { status } = response;
  const context = { url, originStatus: status };
  if (status === 412) {
    return new OriginError("source-changed", "The source file is not the one indexed", context);
  }
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
    return new OriginError("origin-unavailable", "The origin is failing", {
      ...context,
      ...(retryAfter >= 0 ? { retryAfter } : {}),
    });
  }
  if (status >= 300 && status < 400 && status !== 304) {
    return new OriginError("origin-redirect", "The origin answered with a redirect", context);
  }
  if (status < 300) {
    return new OriginError("origin-range-mismatch", "The origin sent no such answer", context);
  }
  return new OriginError("reference-unreachable", "The origin does not give the bytes", context);
}

function declaredLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
