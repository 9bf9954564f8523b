/** Files on HTTP hosts, and the wire of every object store that speaks HTTP. */

import { type ByteRange, parseContentRange, rangeHeader } from "../../byte_range.ts";
import { type ErrorCode, OriginError } from "../../errors.ts";
import type { ObjectInfo } from "../origin.ts";
import { discard, readText, type Send } from "../send.ts";
import type { SourceFile } from "../source_file.ts";
import type { Store, StoreAnswer, StoreRequest } from "../store.ts";
import { addMustMatch, addUnless, hasChanged, validatorOf } from "../validator.ts";

/**
 * Reads over HTTP with `send`.
 *
 * @param address the HTTP URL of an object's URL
 */
export function httpStore(send: Send, address: (url: URL) => string): Store {
  return {
    async read(file, range, { signal, fresh, unless }) {
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (range) headers.range = rangeHeader(range);
      if (file.validator) addMustMatch(headers, file.validator);
      if (unless) addUnless(headers, unless);
      const response = await send({
        method: "GET",
        url: address(file.url),
        headers,
        signal,
        fresh,
      });
      try {
        const answer = checkAnswer(response, file, range, unless !== undefined);
        if (answer.notModified) await discard(response);
        return answer;
      } catch (fault) {
        await discard(response);
        throw fault;
      }
    },

    async head(file, request): Promise<ObjectInfo> {
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (file.validator) addMustMatch(headers, file.validator);
      const { signal, fresh } = request;
      const url = address(file.url);
      const response = await send({ method: "HEAD", url, headers, signal, fresh });
      await discard(response);
      if (response.status === 405 || response.status === 501) {
        const answer = await this.read(file, { offset: 0, length: 1 }, request);
        await discard(answer.response);
        return { length: answer.objectLength, validator: validatorOf(answer.response.headers) };
      }
      if (response.status !== 200) throw statusFault(response, file.url.href);
      const { objectLength } = checkAnswer(response, file, undefined, false);
      return { length: objectLength, validator: validatorOf(response.headers) };
    },
  };
}

export function noListing(url: URL): OriginError {
  return new OriginError("reference-unreachable", "The origin sent no listing", { url: url.href });
}

/** The text that a store answers to a GET of `address`. @throws OriginError, naming `url` */
export async function getText(
  send: Send,
  address: string,
  url: URL,
  { signal, fresh }: StoreRequest,
): Promise<string> {
  const headers = { "accept-encoding": "identity" };
  const response = await send({ method: "GET", url: address, headers, signal, fresh });
  if (response.status !== 200) {
    await discard(response);
    throw statusFault(response, url.href);
  }
  return await readText(response, url.href, signal);
}

/**
 * Checks status and headers of the response to a GET for `range` (all of the object if undefined).
 * HTTP.md, "Faults".
 *
 * @param conditional true if the answer may be 304
 * @throws OriginError
 */
function checkAnswer(
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
function statusFault(response: Response, url: string): OriginError {
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
