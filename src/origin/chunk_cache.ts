/** Chunks that are asked for again and again, kept as the origin sent them. */

import { LRUCache } from "lru-cache";
import type { ByteCache } from "../byte_cache.ts";
import { sharedBody } from "./body.ts";
import type { Origin, OriginBody } from "./origin.ts";

/** Reads remembered as having been asked for once: at most so many, and no more than could be kept. */
const REMEMBERED = 20_000;
/** The part of the cache that one chunk may take. */
const LARGEST = 1 / 8;

/**
 * `origin`, keeping the bytes of ranges that are read a second time within one epoch. (The first time
 * they go to the client as the runtime's own stream, which is cheaper than collecting them, and most
 * are never asked for again.) Only whole, verified ranges are kept; the epoch and the validator are
 * part of the key.
 */
export function withChunkCache(origin: Origin, cache: ByteCache): Origin {
  const asked = new LRUCache<string, number>({
    max: REMEMBERED,
    maxSize: Math.max(1, cache.maxBytes),
    sizeCalculation: (bytes) => bytes,
  });

  async function keep(key: string, reading: Promise<OriginBody>): Promise<OriginBody> {
    const body = await reading;
    const { objectLength, validator } = body;
    const bytes = await body.bytes();
    const value: Kept = { bytes, objectLength, validator };
    await cache.load(key, () => Promise.resolve({ value, bytes: bytes.length + key.length * 2 }));
    return sharedBody(bytes, value);
  }

  return {
    ...origin,
    read(url, range, options) {
      const epoch = options?.epoch;
      const fits = range !== undefined && range.length <= cache.maxBytes * LARGEST;
      if (epoch === undefined || !fits || options?.unless) return origin.read(url, range, options);
      const { etag, lastModified } = options?.validator ?? {};
      const key =
        `chunk ${epoch} ${url.href} ${range.offset} ${range.length} ${etag} ${lastModified}`;
      const kept = cache.peek<Kept>(key);
      if (kept) return Promise.resolve(sharedBody(kept.bytes, kept));
      const again = asked.has(key);
      asked.set(key, range.length);
      const body = origin.read(url, range, options);
      return again ? keep(key, body) : body;
    },
  };
}

type Kept = Pick<OriginBody, "objectLength" | "validator"> & {
  readonly bytes: Uint8Array<ArrayBuffer>;
};
