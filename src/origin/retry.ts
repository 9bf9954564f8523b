/** A second and third try for faults that pass: never for an answer that is wrong. */

import { OriginError } from "../errors.ts";
import type { Origin, ReadOptions } from "./origin.ts";

/** What retries may cost one host: each takes a token, ten successes give one back. */
export class RetryBudget {
  #tokens: number;

  /**
   * Full at first.
   *
   * @param capacity retries that may be made at once without a success
   */
  constructor(readonly capacity = 20) {
    this.#tokens = capacity;
  }

  /** Counts a read that went well. */
  succeeded(): void {
    if (this.#tokens < this.capacity) this.#tokens = Math.min(this.capacity, this.#tokens + 0.1);
  }

  /** Takes what one retry costs; false if there is too little. */
  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Tries after the first. */
const RETRIES = 2;
/** Milliseconds before the first retry; doubled for the next; jitter takes up to half of it. */
const BASE_DELAY = 100;
/** Milliseconds that an origin's `Retry-After` may ask a read to wait. */
const MAX_DELAY = 5000;

/**
 * `origin`, asked again when it is passingly unavailable, as long as `options.signal` (the read's
 * deadline) and the budget allow.
 */
export function withRetry(origin: Origin, budget: RetryBudget): Origin {
  /** Waits for the next try. @returns its options @throws `fault` if there is none */
  async function again(
    fault: unknown,
    tried: number,
    options: ReadOptions | undefined,
  ): Promise<ReadOptions | undefined> {
    if (!isPassing(fault) || options?.signal?.aborted || tried === RETRIES) throw fault;
    if (!budget.take()) throw fault;
    await delay(waitFor(fault, tried), fault, options?.signal);
    // most often a kept connection that the host no longer knew, and others may be like it
    return fault.context.originStatus === undefined ? { ...options, fresh: true } : options;
  }
  async function retried<T>(
    run: (options: ReadOptions | undefined) => Promise<T>,
    options?: ReadOptions,
  ): Promise<T> {
    for (let tried = 0;; tried++) {
      try {
        const result = await run(options);
        budget.succeeded();
        return result;
      } catch (fault) {
        options = await again(fault, tried, options);
      }
    }
  }
  return {
    async read(file, range, options) {
      // as `retried`, without a function for each read
      for (let tried = 0;; tried++) {
        try {
          const body = await origin.read(file, range, options);
          budget.succeeded();
          return body;
        } catch (fault) {
          options = await again(fault, tried, options);
        }
      }
    },
    head: (file, options) => retried((o) => origin.head(file, o), options),
    list: (file, options) =>
      retried((o) => origin.list?.(file, o) ?? Promise.resolve(undefined), options),
  };
}

/** True for a fault that the same read may not meet again. */
function isPassing(fault: unknown): fault is OriginError {
  return fault instanceof OriginError && fault.code === "origin-unavailable" &&
    fault.context.breaker === undefined && fault.context.cancelled === undefined;
}

function waitFor(fault: OriginError, tried: number): number {
  // nothing was heard of the host that would ask for patience: a new connection may serve at once
  if (tried === 0 && fault.context.originStatus === undefined) return Math.random() * 10;
  const asked = Number(fault.context.retryAfter ?? 0) * 1000;
  return Math.max(asked, BASE_DELAY * 2 ** tried * (1 - Math.random() / 2));
}

function delay(milliseconds: number, fault: OriginError, signal?: AbortSignal): Promise<void> {
  // the origin asks to be left alone: so does the client, by its own Retry-After
  if (milliseconds > MAX_DELAY) return Promise.reject(fault);
  return new Promise((resolve, reject) => {
    const wake = () => {
      clearTimeout(timer);
      // the origin's own fault says more than that time is over
      reject(fault);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", wake);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", wake);
  });
}
