/** The bytes of answers that wait in memory until their clients take them: counted, and bounded. */

import { Budget } from "../budget.ts";
import { SluiceError } from "../errors.ts";
import type { BodyBytes } from "../http/representation.ts";

/** Up to here a response of bytes costs less than one of a stream; so few are not counted. */
const UNCOUNTED_BYTES = 64 * 1024;

interface Held {
  readers: number;
  readonly give: () => void;
}

/** What all answers together hold. A buffer that several of them share counts once. */
export class Answers {
  readonly #budget: Budget;
  readonly #held = new Map<ArrayBuffer, Held>();

  /** @param maxBytes of all answers that are not yet taken */
  constructor(maxBytes: number) {
    this.#budget = new Budget(maxBytes);
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#budget.taken;
  }

  /**
   * Makes room for `bytes` yet to be read. What it gives back is called once they are taken or given up.
   *
   * @throws SluiceError `overloaded`
   */
  claim(bytes: number): () => void {
    if (bytes <= UNCOUNTED_BYTES) return () => {};
    if (!this.#budget.tryTake(bytes)) {
      throw new SluiceError("overloaded", "Too many answers wait for their clients");
    }
    let held = true;
    return () => {
      if (held) this.#budget.give(bytes);
      held = false;
    };
  }

  /**
   * `bytes` as the body of a response. They are not copied: others may hold them too, and nobody may
   * write to them.
   *
   * @param claimed what {@link claim} gave for them; without it they are counted from now on
   * @throws SluiceError `overloaded`
   */
  body(bytes: Uint8Array<ArrayBuffer>, claimed?: () => void): BodyBytes {
    const { buffer, length } = bytes;
    if (length <= UNCOUNTED_BYTES) {
      claimed?.();
      // a small part does not hold on to a large whole
      return buffer.byteLength > UNCOUNTED_BYTES ? bytes.slice() : bytes;
    }
    let held = this.#held.get(buffer);
    if (!held) {
      held = { readers: 0, give: claimed ?? this.claim(buffer.byteLength) };
      this.#held.set(buffer, held);
    }
    held.readers++;
    return onePiece(bytes, () => {
      if (--held.readers > 0) return;
      this.#held.delete(buffer);
      held.give();
    });
  }
}

/**
 * A stream of one piece, which the runtime hands on without the copy that it makes of a response's
 * bytes. `taken` is called once the runtime asks for more, or gives up.
 */
function onePiece(bytes: Uint8Array, taken: () => void): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(bytes);
        return;
      }
      taken();
      controller.close();
    },
    cancel: taken,
  }, { highWaterMark: 0 });
}
