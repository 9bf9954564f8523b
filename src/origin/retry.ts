/** A second and third try for faults that pass: never for an answer that is wrong. */

import { OriginError } from "../errors.ts";

/** What retries may cost one host: each takes a token, ten successes give one back. */
export class RetryBudget {
  #tokens: number;

  /** @param capacity retries that may be made at once without a success */
  constructor(readonly capacity = 20) {
    this.#tokens = capacity;
  }

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

const RETRIES = 2;
/** Milliseconds before the first retry; doubled for the next; jitter takes up to half of it. */
const BASE_DELAY = 100;
/** Milliseconds that an origin's `Retry-After` may ask a read to wait. */
const MAX_DELAY = 5000;

/**
 * Waits before a read is tried again.
 *
 * @param tried how often it was tried again already
 * @param signal the read's deadline: it is not waited beyond
 * @throws `fault` if there is no other try
 */
export async function beforeRetry(
  fault: unknown,
  tried: number,
  budget: RetryBudget,
  signal: AbortSignal,
): Promise<void> {
  if (!isPassing(fault) || signal.aborted || tried === RETRIES || !budget.take()) throw fault;
  await delay(waitFor(fault, tried), fault, signal);
}

/** True if nothing was heard of the host: most often a kept connection that it no longer knew. */
export function isUnheard(fault: unknown): boolean {
  return fault instanceof OriginError && fault.context.originStatus === undefined;
}

/** True for a fault that the same read may not meet again. */
function isPassing(fault: unknown): fault is OriginError {
  return fault instanceof OriginError && fault.code === "origin-unavailable" &&
    fault.context.breaker === undefined && fault.context.cancelled === undefined;
}

function waitFor(fault: OriginError, tried: number): number {
  // nothing was heard of the host that would ask for patience: a new connection may serve at once
  if (tried === 0 && isUnheard(fault)) return Math.random() * 10;
  const asked = Number(fault.context.retryAfter ?? 0) * 1000;
  return Math.max(asked, BASE_DELAY * 2 ** tried * (1 - Math.random() / 2));
}

function delay(milliseconds: number, fault: OriginError, signal: AbortSignal): Promise<void> {
  // the origin asks to be left alone: so does the client, by its own Retry-After
  if (milliseconds > MAX_DELAY) return Promise.reject(fault);
  return new Promise((resolve, reject) => {
    const wake = () => {
      clearTimeout(timer);
      // the origin's own fault says more than that time is over
      reject(fault);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", wake);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", wake);
  });
}
