/** Chunks that are asked for again and again, kept as the origin sent them. */

import { LRUCache } from "lru-cache";
import type { ByteCache } from "../../byte_cache.ts";
import type { ByteRange } from "../../byte_range.ts";
import { memoryBody } from "../body.ts";
import type { Origin, OriginBody } from "../origin.ts";
import type { SourceFile } from "../source_file.ts";

/** Reads remembered as having been asked for once: at most so many, and no more than could be kept. */
const REMEMBERED = 20_000;
/** The part of the cache that one chunk may take. */
const LARGEST = 1 / 8;

/**
 * `origin`, keeping the bytes of ranges that are read a second time within one epoch. (The first time
 * they go to the client as the runtime's own stream, which is cheaper than collecting them, and most
 * are never asked for again.) Only whole, verified ranges are kept; the epoch and the validator are
 * part of the key. Of a file whose origin tells no state, and which may be rewritten unnoticed, they are
 * kept for `maxAge` seconds.
 *
 * @param now milliseconds on a clock that is never set
 */
export function withChunkCache(
  origin: Origin,
  cache: ByteCache,
  { maxAge, now = () => performance.now() }: { maxAge: number; now?: () => number },
): Origin {
  // by fingerprint: texts would be copied by every collection of garbage while they are remembered
  const asked = new LRUCache<number, number>({
    max: REMEMBERED,
    maxSize: Math.max(1, cache.maxBytes),
    sizeCalculation: (bytes) => bytes,
  });

  let known = fileIds.get(cache);
  if (!known) fileIds.set(cache, known = new FileIds());
  const files = known;

  async function keep(
    key: string,
    file: SourceFile,
    reading: Promise<OriginBody>,
  ): Promise<OriginBody> {
    const since = now();
    const body = await reading;
    const { objectLength, validator } = body;
    const bytes = await body.bytes();
    const until = validator || file.immutable ? Infinity : since + maxAge * 1000;
    const kept: Kept = { body: memoryBody(bytes, { objectLength, validator }), until };
    cache.set(key, kept, bytes.length);
    return kept.body;
  }

  return {
    ...origin,
    read(file, range, options) {
      const fits = range !== undefined && range.length <= cache.maxBytes * LARGEST;
      if (options?.epoch === undefined || !fits || options.unless) {
        return origin.read(file, range, options);
      }
      const id = files.of(file, options.epoch);
      const key = `chunk ${id} ${range.offset} ${range.length}`;
      const kept = cache.peek<Kept>(key);
      if (kept && now() < kept.until) return Promise.resolve(kept.body);
      if (kept) cache.delete(key);
      const mark = fingerprint(id, range);
      const again = asked.has(mark);
      asked.set(mark, range.length);
      const body = origin.read(file, range, options);
      return again ? keep(key, file, body) : body;
    },
  };
}

/** Files whose numbers are remembered; one that was forgotten gets a new number, never another's. */
const REMEMBERED_FILES = 10_000;

/** Numbers of files: the same for the same URL, epoch and validator, while it is remembered. */
export class FileIds {
  readonly #ids = new LRUCache<string, number>({ max: REMEMBERED_FILES });
  /** The epoch that each file was last asked for in: mostly it is the same again. */
  readonly #last = new WeakMap<SourceFile, { epoch: string | undefined; id: number }>();
  #next = 0;

  of(file: SourceFile, epoch: string | undefined): number {
    const last = this.#last.get(file);
    if (last?.epoch === epoch && last) return last.id;
    const { etag, lastModified } = file.validator ?? {};
    const name = JSON.stringify([file.url.href, epoch, etag, lastModified]);
    let id = this.#ids.get(name);
    if (id === undefined) this.#ids.set(name, id = this.#next++);
    this.#last.set(file, { epoch, id });
    return id;
  }
}

/** The numbers of files in the keys of each cache. */
const fileIds = new WeakMap<ByteCache, FileIds>();

/**
 * 30 bits of a hash: a number that V8 holds without an object. Two ranges with one fingerprint only
 * make one of them be kept at its first reading.
 */
function fingerprint(file: number, { offset, length }: ByteRange): number {
  let hash = Math.imul(file + 1, 0x9e3779b1);
  for (const part of [offset, offset / 2 ** 32, length]) {
    hash = Math.imul(hash ^ part, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash & 0x3fff_ffff;
}

interface Kept {
  readonly body: OriginBody;
  /** On the clock of `now()`. */
  readonly until: number;
}
