/** The bodies that layers hand on: another body with something added, or bytes already in memory. */

import { OriginError } from "../errors.ts";
import type { Validator } from "./source_file.ts";
import type { OriginBody } from "./origin.ts";

/** A body that passes everything on to `inner`. A layer overrides what it adds to. */
export class PassedBody implements OriginBody {
  /** Passes on what `inner` has. */
  constructor(protected readonly inner: OriginBody) {}

  get length(): number | undefined {
    return this.inner.length;
  }
  get objectLength(): number | undefined {
    return this.inner.objectLength;
  }
  get validator(): Validator | undefined {
    return this.inner.validator;
  }
  get notModified(): boolean | undefined {
    return this.inner.notModified;
  }
  stream(): ReadableStream<Uint8Array> {
    return this.inner.stream();
  }
  bytes(maxBytes?: number, room?: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.inner.bytes(maxBytes, room);
  }
  cancel(): Promise<void> {
    return this.inner.cancel();
  }
}

/** What is known of bytes in memory besides themselves. */
export type BodyFacts = Pick<OriginBody, "objectLength" | "validator" | "notModified">;

/** A body of bytes that belong to whoever holds it: they may be written to. */
export function memoryBody(bytes: Uint8Array<ArrayBuffer>, facts: BodyFacts = {}): OriginBody {
  return {
    ...facts,
    length: bytes.length,
    stream: () =>
      new ReadableStream({
        start(controller) {
          if (bytes.length > 0) controller.enqueue(bytes);
          controller.close();
        },
      }),
    bytes: (maxBytes = Infinity, room = 0) =>
      bytes.length > maxBytes
        ? Promise.reject(tooLong(maxBytes))
        : Promise.resolve(behindRoom(bytes, room)),
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

/** A body of bytes that others hold too: its reader gets a copy, which it may write to or transfer. */
export function sharedBody(bytes: Uint8Array<ArrayBuffer>, facts: BodyFacts): OriginBody {
  return {
    objectLength: facts.objectLength,
    validator: facts.validator,
    length: bytes.length,
    stream: () => memoryBody(bytes.slice()).stream(),
    bytes: (maxBytes = Infinity, room = 0) =>
      bytes.length > maxBytes
        ? Promise.reject(tooLong(maxBytes))
        : Promise.resolve(room === 0 ? bytes.slice() : behindRoom(bytes, room)),
    cancel: () => Promise.resolve(),
  };
}
