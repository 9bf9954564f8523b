/** A sum of bytes that may be in use at once, over all requests. */

import { SluiceError } from "./errors.ts";

interface Waiting {
  readonly bytes: number;
  enter(): void;
}

/** Bytes that are taken and given back; who finds too few left waits in line, or is refused. */
export class ByteBudget {
  #taken = 0;
  readonly #waiting: Waiting[] = [];

  /**
   * Nothing is taken yet.
   *
   * @param maxBytes that may be taken at once
   * @param queued takers that may wait; one more is refused
   */
  constructor(readonly maxBytes: number, readonly queued: number = 1024) {}

  /** Bytes taken now. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes `bytes` now, if so many are left and nobody waits. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || this.#taken + bytes > this.maxBytes) return false;
    this.#taken += bytes;
    return true;
  }

  /**
   * Takes `bytes` (all there are, if that is less) once all who came before have theirs, and gives
   * back what ends the taking; it may be called more than once.
   *
   * @throws SluiceError `overloaded` if too many wait, or `signal` aborts first
   */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    const share = Math.min(bytes, this.maxBytes);
    if (!this.tryTake(share)) await this.#wait(share, signal);
    let held = true;
    return () => {
      if (held) this.give(share);
      held = false;
    };
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length >= this.queued || signal?.aborted) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        bytes,
        enter() {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(overloaded());
        this.#admit(); // it may have stood before one that needs less
      };
      this.#waiting.push(waiting);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Gives bytes back that were taken. */
  give(bytes: number): void {
    this.#taken -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (let first; (first = this.#waiting[0]);) {
      if (this.#taken + first.bytes > this.maxBytes) return;
      this.#waiting.shift();
      this.#taken += first.bytes;
      first.enter();
    }
  }
}

function overloaded(): SluiceError {
  return new SluiceError("overloaded", "Too many chunks are being answered at once");
}
