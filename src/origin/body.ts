/** Bodies of bytes that are already in memory. */

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
