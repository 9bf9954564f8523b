/** Files on HTTP hosts, and the wire of every object store that speaks HTTP. */

import { rangeHeader } from "../byte_range.ts";
import { OriginError } from "../errors.ts";
import type { Validator } from "../manifest.ts";
import { behindRoom, notModifiedBody, tooLong } from "./body.ts";
import { type Answer, checkAnswer, statusFault } from "./http_response.ts";
import type { ObjectInfo, Origin, OriginBody } from "./origin.ts";
import { addMustMatch, addUnless, validatorOf } from "./validator.ts";

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
    async read(url, range, options = {}) {
      const href = address(url);
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (range) headers.range = rangeHeader(range);
      if (options.validator) addMustMatch(headers, options.validator);
      if (options.unless) addUnless(headers, options.unless);
      const { signal, fresh } = options;
      const response = await send({ method: "GET", url: href, headers, signal, fresh });
      let answer;
      try {
        answer = checkAnswer(response, range, options, url.href);
      } catch (fault) {
        await discard(response);
        throw fault;
      }
      if (answer) return new HttpBody(response, answer, url.href, options.signal);
      await discard(response);
      return notModifiedBody(validatorOf(response.headers));
    },

    async head(url, options = {}): Promise<ObjectInfo> {
      const href = address(url);
      const headers: Record<string, string> = { "accept-encoding": "identity" };
      if (options.validator) addMustMatch(headers, options.validator);
      const { signal, fresh } = options;
      const response = await send({ method: "HEAD", url: href, headers, signal, fresh });
      await discard(response);
      if (response.status === 405 || response.status === 501) {
        const body = await this.read(url, { offset: 0, length: 1 }, options);
        await body.cancel();
        return { length: body.objectLength, validator: body.validator };
      }
      if (response.status !== 200) throw statusFault(response, url.href);
      const answer = checkAnswer(response, undefined, options, url.href);
      return { length: answer?.objectLength, validator: validatorOf(response.headers) };
    },
  };
}

class HttpBody implements OriginBody {
  constructor(
    private readonly response: Response,
    private readonly answer: Answer,
    private readonly url: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  get length(): number | undefined {
    return this.answer.length;
  }

  get objectLength(): number | undefined {
    return this.answer.objectLength;
  }

  get validator(): Validator | undefined {
    return validatorOf(this.response.headers);
  }

  stream(): ReadableStream<Uint8Array> {
    const { body } = this.response;
    if (body === null) {
      return this.answer.length ? failedStream(this.#short(0)) : new Blob([]).stream();
    }
    if (this.answer.framed || this.answer.length === undefined) return body;
    return exactly(body, this.answer.length, (got) => this.#short(got));
  }

  async bytes(maxBytes = Infinity, room = 0): Promise<Uint8Array<ArrayBuffer>> {
    const { length } = this.answer;
    if ((length ?? 0) > maxBytes) {
      await this.cancel();
      throw tooLong(maxBytes, this.url);
    }
    let bytes;
    try {
      bytes = await this.#collect(length, maxBytes, room);
    } catch (cause) {
      if (cause instanceof OriginError) throw cause;
      if (this.signal?.aborted) throw networkFault(cause, this.url, this.signal);
      throw this.#short(undefined, cause);
    }
    const got = bytes.length - room;
    if (length !== undefined && got !== length) throw this.#short(got);
    return bytes;
  }

  /** What there is, behind `room` zeros; by the way that was measured to be the fastest. */
  async #collect(
    length: number | undefined,
    maxBytes: number,
    room: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { body } = this.response;
    if (length === undefined && maxBytes !== Infinity) {
      return behindRoom(await collectUpTo(this.stream(), maxBytes, this.url), room);
    }
    const reader = room > 0 && length && this.answer.framed && body ? byobReader(body) : undefined;
    if (reader && length) return await fill(reader, length, room);
    return behindRoom(new Uint8Array(await this.response.arrayBuffer()), room);
  }

  async cancel(): Promise<void> {
    // the response may already have failed; there is nothing left to give up then
    await this.response.body?.cancel().catch(() => undefined);
  }

  #short(got: number | undefined, cause?: unknown): OriginError {
    return new OriginError(
      "origin-range-mismatch",
      "The origin sent another number of bytes than promised",
      { url: this.url, promised: this.answer.length, got, short: true },
      cause,
    );
  }
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

/** The fault that an exception of `fetch`, or of reading a body, stands for. */
function networkFault(cause: unknown, url: string, signal?: AbortSignal): OriginError {
  if (cause instanceof OriginError) return cause;
  if (signal?.aborted) {
    if (signal.reason instanceof OriginError) return signal.reason;
    const late = (signal.reason as { name?: unknown } | undefined)?.name === "TimeoutError";
    return late
      ? new OriginError("origin-timeout", "The origin did not answer in time", { url }, cause)
      : new OriginError("origin-unavailable", "The read was cancelled", { url, cancelled: true });
  }
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

function failedStream(fault: OriginError): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.error(fault) });
}

/** `body`, which errors unless it ends after exactly `length` bytes. */
function exactly(
  body: ReadableStream<Uint8Array>,
  length: number,
  fault: (got: number) => OriginError,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let got = 0;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      got += value?.length ?? 0;
      if (got > length || (done && got < length)) {
        if (!done) await reader.cancel().catch(() => undefined);
        throw fault(got);
      }
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function byobReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch (fault) {
    // not a byte stream: a runtime, or a test, may hand out others
    if (fault instanceof TypeError) return undefined;
    throw fault;
  }
}

/** Reads up to `length` bytes straight into a buffer behind `room` zeros. */
async function fill(
  reader: ReadableStreamBYOBReader,
  length: number,
  room: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let buffer = new ArrayBuffer(room + length);
  let got = 0;
  while (got < length) {
    const min = length - got;
    const { value } = await reader.read(new Uint8Array(buffer, room + got, min), { min });
    if (value === undefined || value.length === 0) break;
    buffer = value.buffer;
    got += value.length;
  }
  // the stream does not close by itself before it is asked for what is not there
  await reader.cancel();
  return new Uint8Array(buffer, 0, room + got);
}

async function collectUpTo(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  url: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for await (const part of body) {
    total += part.length;
    if (total > maxBytes) throw tooLong(maxBytes, url);
    parts.push(part as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
