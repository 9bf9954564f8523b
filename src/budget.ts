/** What may be in use at once, over all requests: bytes of memory, places for reads. */

import { SluiceError } from "./errors.ts";

interface Waiting {
  readonly share: number;
  enter(): void;
}

/** Shares that are taken and given back; who finds too little left waits in line, or is refused. */
export class Budget {
  #taken = 0;
  readonly #waiting: Waiting[] = [];

  /**
   * @param most that may be taken at once
   * @param queued takers that may wait; one more is refused
   * @param refusal what a taker is refused with: `overloaded`
   */
  constructor(
    readonly most: number,
    readonly queued = 1024,
    private readonly refusal = () =>
      new SluiceError("overloaded", "Too many chunks are being answered at once"),
  ) {}

  get taken(): number {
    return this.#taken;
  }

  /** Takes `share` now, if so much is left and nobody waits. */
  tryTake(share: number): boolean {
    if (this.#waiting.length > 0 || this.#taken + share > this.most) return false;
    this.#taken += share;
    return true;
  }

  /**
   * Takes `share` (all there is, if that is less) once all who came before have theirs, and gives
   * back what ends the taking; it may be called more than once.
   *
   * @throws SluiceError `overloaded` if too many wait, or `signal` aborts first
   */
  async take(share: number, signal?: AbortSignal): Promise<() => void> {
    const taken = Math.min(share, this.most);
    if (!this.tryTake(taken)) await this.#wait(taken, signal);
    let held = true;
    return () => {
      if (held) this.give(taken);
      held = false;
    };
  }

  #wait(share: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length >= this.queued || signal?.aborted) {
      return Promise.reject(this.refusal());
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        share,
        enter() {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(this.refusal());
        this.#admit(); // it may have stood before one that needs less
      };
      this.#waiting.push(waiting);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  give(share: number): void {
    this.#taken -= share;
    this.#admit();
  }

  #admit(): void {
    for (let first; (first = this.#waiting[0]);) {
      if (this.#taken + first.share > this.most) return;
      this.#waiting.shift();
      this.#taken += first.share;
      first.enter();
    }
  }
}
