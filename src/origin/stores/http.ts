/** Files on HTTP hosts, and the wire of every object store that speaks HTTP. */

import { rangeHeader } from "../../byte_range.ts";
import { notModifiedBody } from "../body.ts";
import { collectUpTo, HttpBody } from "./http_body.ts";
import { checkAnswer, statusFault } from "./http_response.ts";
import { networkFault } from "../network_fault.ts";
import type { ObjectInfo, Origin, ReadOptions } from "../origin.ts";
import { addMustMatch, addUnless, validatorOf } from "../validator.ts";

/** One request to an origin, before and after it is addressed and signed. */
export interface OriginRequest {
  /** Nothing here ever writes. */
  readonly method: "GET" | "HEAD";
  /** With everything but credentials; those go into headers. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  /** Cancels the request, and the reading of its body. */
  readonly signal?: AbortSignal;
  /** True: not over a connection that was kept from earlier requests. */
  readonly fresh?: boolean;
}

/** Sends a request and gives the response, redirects not followed unless the sender is made to. */
export type Send = (request: OriginRequest) => Promise<Response>;

/**
 * {@link Send} over `fetch`: no redirects, no content encoding, faults of the network as OriginError.
 *
 * @param freshFetcher the same, never over a connection that was kept
 */
export function fetchSend(fetcher: typeof fetch, freshFetcher = fetcher): Send {
  return async ({ method, url, headers, signal, fresh }) => {
    try {
      return await (fresh ? freshFetcher : fetcher)(url, {
        method,
        headers,
        signal,
        redirect: "manual",
      });
    } catch (cause) {
      // a signed URL's query is a credential
      throw networkFault(cause, url.split("?", 1)[0], signal);
    }
  };
}

/**
 * Reads over HTTP with `send`. A body is handed out as the runtime gave it: its `stream()` is the
 * response's own wherever HTTP itself holds it to its length, so that the runtime can pipe it natively.
 *
 * @param address the HTTP URL of an object's URL
 */
export function httpOrigin(send: Send, address: (url: URL) => string = (url) => url.href): Origin {
  return {
    async read(file, range, options = {}) {
      const { url, validator } = file;
      const href = address(url);
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (range) headers.range = rangeHeader(range);
      if (validator) addMustMatch(headers, validator);
      if (options.unless) addUnless(headers, options.unless);
      const { signal, fresh } = options;
      const response = await send({ method: "GET", url: href, headers, signal, fresh });
      let answer;
      try {
        answer = checkAnswer(response, file, range, options);
      } catch (fault) {
        await discard(response);
        throw fault;
      }
      if (answer) return new HttpBody(response, answer, url.href, options.signal);
      await discard(response);
      return notModifiedBody(validatorOf(response.headers));
    },

    async head(file, options = {}): Promise<ObjectInfo> {
      const { url, validator } = file;
      const href = address(url);
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (validator) addMustMatch(headers, validator);
      const { signal, fresh } = options;
      const response = await send({ method: "HEAD", url: href, headers, signal, fresh });
      await discard(response);
      if (response.status === 405 || response.status === 501) {
        const body = await this.read(file, { offset: 0, length: 1 }, options);
        await body.cancel();
        return { length: body.objectLength, validator: body.validator };
      }
      if (response.status !== 200) throw statusFault(response, url.href);
      const answer = checkAnswer(response, file, undefined, options);
      return { length: answer?.objectLength, validator: validatorOf(response.headers) };
    },
  };
}

/** Frees the connection of a response whose body is not wanted: small bodies are read to their end. */
export async function discard(response: Response): Promise<void> {
  const { body, headers } = response;
  if (body === null) return;
  const declared = headers.get("content-length");
  const done = declared !== null && Number(declared) <= 16384
    ? response.arrayBuffer()
    : body.cancel();
  // its content means nothing: a failure here changes nothing
  await done.catch(() => undefined);
}

/** The text that a store answers to a GET of `address`. @throws OriginError, naming `url` */
export async function getText(
  send: Send,
  address: string,
  url: URL,
  { signal }: ReadOptions,
): Promise<string> {
  const headers = { "accept-encoding": "identity" };
  const response = await send({ method: "GET", url: address, headers, signal });
  if (response.status !== 200) {
    await discard(response);
    throw statusFault(response, url.href);
  }
  return await readText(response, url.href, signal);
}

/** Characters of an answer that are read as text: an error, a page of a listing. */
const MAX_TEXT = 8 << 20;

/** The text of a store's own answer. @throws OriginError */
export async function readText(
  response: Response,
  url: string,
  signal?: AbortSignal,
): Promise<string> {
  if (response.body === null) return "";
  try {
    return new TextDecoder().decode(await collectUpTo(response.body, MAX_TEXT, url));
  } catch (cause) {
    throw networkFault(cause, url, signal);
  }
}
