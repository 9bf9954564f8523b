/** The body of an HTTP response, held to the length that its headers promised. */

import { OriginError } from "../../errors.ts";
import type { Validator } from "../source_file.ts";
import { behindRoom, tooLong } from "../body.ts";
import type { Answer } from "./http_response.ts";
import { networkFault } from "../network_fault.ts";
import type { OriginBody } from "../origin.ts";
import { validatorOf } from "../validator.ts";

/** A response whose status and headers are what was asked for. */
export class HttpBody implements OriginBody {
  /** The body of `response`, of whose headers `answer` was made. @param url for messages */
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

/** All bytes of `body`. @throws OriginError if there are more than `maxBytes` */
export async function collectUpTo(
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
