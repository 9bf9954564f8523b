/**
 * A few bytes in front of an origin's body. Measured in test/bench/: reading straight into one buffer
 * behind the prefix costs less than passing the body's own pieces on, and a body of up to a megabyte
 * is complete before the response's headers go out, so that a short or stalled one is a plain error.
 */

import { OriginError } from "../errors.ts";
import type { OriginBody } from "../origin/origin.ts";
import type { BodyBytes } from "../http/representation.ts";

/** Up to here a response copies its bytes faster than it streams them. */
const COPIED_BYTES = 64 * 1024;
/** Bytes that are read before the first of them is sent. */
const PIECE_BYTES = 1024 * 1024;

/**
 * `prefix`, then the `length` bytes of `body`.
 *
 * @throws OriginError if the body's first megabyte falls short; a later shortfall errors the stream
 */
export async function prepend(
  prefix: Uint8Array<ArrayBuffer>,
  body: OriginBody,
  length: number,
): Promise<BodyBytes> {
  if (length <= PIECE_BYTES) {
    const whole = await body.bytes(length, prefix.length);
    whole.set(prefix);
    return whole.length <= COPIED_BYTES ? whole : onePiece(whole);
  }
  const pull = filler(body.stream());
  const first = await pull.fill(prefix, PIECE_BYTES).catch((cause) => {
    // the runtime's own failure of a connection that broke
    throw cause instanceof OriginError ? cause : broken(length, cause);
  });
  let left = prefix.length + length - first.length;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const piece = await pull.fill(NOTHING, Math.min(left, PIECE_BYTES));
      left -= piece.length;
      controller.enqueue(piece);
      if (left === 0) controller.close();
    },
    cancel: (reason) => pull.cancel(reason),
  }, { highWaterMark: 0 });
}

/** A stream hands its one piece on without the copy that a response makes of bytes. */
function onePiece(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

const NOTHING = new Uint8Array(0);

interface Filler {
  /** A new buffer of `head` and the next `length` bytes. */
  fill(head: Uint8Array, length: number): Promise<Uint8Array<ArrayBuffer>>;
  cancel(reason: unknown): Promise<void>;
}

function filler(stream: ReadableStream<Uint8Array>): Filler {
  let byob: ReadableStreamBYOBReader | undefined;
  try {
    byob = stream.getReader({ mode: "byob" });
  } catch (error) {
    // Only a byte stream reads into a buffer of ours; layers above the network hand out others.
    if (!(error instanceof TypeError)) throw error;
  }
  return byob ? byobFiller(byob) : pieceFiller(stream.getReader());
}

function byobFiller(reader: ReadableStreamBYOBReader): Filler {
  return {
    async fill(head, length) {
      let buffer = new ArrayBuffer(head.length + length);
      let filled = head.length;
      while (filled < buffer.byteLength) {
        const wanted = buffer.byteLength - filled;
        const { value } = await reader.read(new Uint8Array(buffer, filled, wanted), {
          min: wanted,
        });
        if (!value || value.length === 0) throw short(length, filled - head.length);
        buffer = value.buffer;
        filled += value.length;
      }
      const bytes = new Uint8Array(buffer);
      bytes.set(head);
      return bytes;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function pieceFiller(reader: ReadableStreamDefaultReader<Uint8Array>): Filler {
  let rest: Uint8Array = NOTHING;
  return {
    async fill(head, length) {
      const bytes = new Uint8Array(head.length + length);
      bytes.set(head);
      let filled = head.length;
      while (filled < bytes.length) {
        if (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) throw short(length, filled - head.length);
          rest = value;
        }
        const piece = rest.subarray(0, bytes.length - filled);
        bytes.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return bytes;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function short(wanted: number, got: number): OriginError {
  return new OriginError(
    "origin-range-mismatch",
    `The origin's body ended after ${got} of ${wanted} bytes`,
  );
}

function broken(length: number, cause: unknown): OriginError {
  return new OriginError(
    "origin-range-mismatch",
    `The origin's body of ${length} bytes broke off`,
    {},
    cause,
  );
}
