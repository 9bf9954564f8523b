/** How often one token or address may ask. Off unless the catalog says a rate. */

import { sha256 } from "@noble/hashes/sha2.js";
import { LRUCache } from "lru-cache";
import { SluiceError } from "../errors.ts";

const encoder = new TextEncoder();

interface Bucket {
  tokens: number;
  /** When `tokens` was right, in milliseconds. */
  at: number;
}

/** Keys that are remembered; the least recent is forgotten, which can only be generous. */
const REMEMBERED_KEYS = 100_000;

/** A token bucket a key: `perSecond` requests on average, twice that at once. */
export class RateLimit {
  readonly #buckets = new LRUCache<string, Bucket>({ max: REMEMBERED_KEYS });

  /** @param perSecond requests of one key, on average */
  constructor(readonly perSecond: number) {}

  /**
   * Counts one request of `key`.
   *
   * @param now milliseconds on a clock that never goes back
   * @throws SluiceError `rate-limited`
   */
  admit(key: string, now: number): void {
    const most = Math.max(1, 2 * this.perSecond);
    // A hash weighs the same whatever a client sends, and no token lies in memory.
    const name = sha256(encoder.encode(key)).subarray(0, 16).toHex();
    const bucket = this.#buckets.get(name) ?? { tokens: most, at: now };
    const refilled = bucket.tokens + Math.max(0, now - bucket.at) / 1000 * this.perSecond;
    const tokens = Math.min(most, refilled);
    if (tokens < 1) throw new SluiceError("rate-limited", "Ask again in a second");
    this.#buckets.set(name, { tokens: tokens - 1, at: now });
  }
}
