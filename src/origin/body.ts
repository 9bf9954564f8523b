/** Bodies: bytes in memory, and the bytes of responses, by the way that was measured to be the fastest. */

import { OriginError } from "../errors.ts";
import type { OriginBody } from "./origin.ts";
import type { Validator } from "./source_file.ts";

/**
 * A body of bytes that others may hold too, and that may be read any number of times: whoever reads it
 * gets a copy, which may be written to or transferred.
 */
export function memoryBody(
  bytes: Uint8Array<ArrayBuffer>,
  facts: Pick<OriginBody, "objectLength" | "validator" | "notModified"> = {},
): OriginBody {
  const stream = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes.slice());
        controller.close();
      },
    });
  return {
    ...facts,
    length: bytes.length,
    memory: bytes,
    stream,
    pieces: stream,
    bytes: (maxBytes = Infinity, room = 0) =>
      bytes.length > maxBytes
        ? Promise.reject(tooLong(maxBytes))
        : Promise.resolve(room === 0 ? bytes.slice() : behindRoom(bytes, room)),
    cancel: () => Promise.resolve(),
  };
}

/** The answer to a read whose `unless` still holds. */
export function notModifiedBody(validator: Validator | undefined): OriginBody {
  return memoryBody(new Uint8Array(0), { validator, notModified: true });
}

/** The fault of a body with more bytes than its reader takes. */
export function tooLong(maxBytes: number, url?: string): OriginError {
  return new OriginError(
    "origin-range-mismatch",
    `The origin sent more than the ${maxBytes} bytes that can be taken`,
    { url },
  );
}

/** `bytes` behind `room` zeros: a copy, if there is any room. */
export function behindRoom(bytes: Uint8Array<ArrayBuffer>, room: number): Uint8Array<ArrayBuffer> {
  if (room === 0) return bytes;
  const roomy = new Uint8Array(room + bytes.length);
  roomy.set(bytes, room);
  return roomy;
}

/**
 * All bytes of `response`, behind `room` zeros; the length that was promised is the caller's to compare.
 *
 * @param promised bytes that are to come; undefined if the origin did not say
 * @param framed true if HTTP itself ends the body after them
 * @throws OriginError for more than are promised, or more than `maxBytes`; what breaks the body
 */
export async function collect(
  response: Response,
  { promised, framed, maxBytes, room, url }: {
    promised: number | undefined;
    framed: boolean;
    maxBytes: number;
    room: number;
    url: string;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = response;
  if (body && !framed) {
    const most = Math.min(promised ?? Infinity, maxBytes);
    if (most !== Infinity) return behindRoom(await collectUpTo(body, most, url), room);
  }
  const reader = room > 0 && promised && body ? byobReader(body) : undefined;
  if (reader && promised) return await fill(reader, promised, room);
  return behindRoom(new Uint8Array(await response.arrayBuffer()), room);
}

/** `body`, which errors unless it ends after exactly `length` bytes: the last are held until it does. */
export function exactly(
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
      if (!done && got === length) got += (await reader.read()).value?.length ?? 0;
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
    // leaving the loop cancels the body
    if (total > maxBytes) throw tooLong(maxBytes, url);
    parts.push(part as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
