/** How many reads of one host may be under way. */

import { OriginError } from "../errors.ts";
import { type Linked, LinkedList } from "../linked_list.ts";
import { PassedBody } from "./body.ts";
import type { Origin, OriginBody, ReadOptions } from "./origin.ts";

/** A body that holds a place. */
interface Holder extends Linked {
  /** On the clock of `performance.now()`. */
  readonly since: number;
  cancel(): Promise<void>;
}

/** Places for reads under way, and a bounded queue of reads waiting for one. */
export class Limit {
  #free: number;
  readonly #waiting: Array<() => void> = [];
  /** Bodies that nobody has taken or finished yet, oldest first. */
  readonly holders = new LinkedList<Holder>();

  /**
   * All places are free.
   *
   * @param concurrent reads that may be under way
   * @param queued reads that may wait; one more fails
   * @param holdMilliseconds after which a body is taken to be forgotten: it is cancelled when its place
   *   is wanted, so that no fault elsewhere uses up the places for good
   */
  constructor(
    readonly concurrent: number,
    readonly queued: number = concurrent * 16,
    readonly holdMilliseconds: number = Infinity,
  ) {
    this.#free = concurrent;
  }

  /** Reads under way. */
  get underWay(): number {
    return this.concurrent - this.#free;
  }

  /** Takes a place now, if there is one. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Takes a place when there is one. @throws OriginError `overloaded` */
  take(signal?: AbortSignal): Promise<void> {
    this.#reclaim();
    if (this.tryTake()) return Promise.resolve();
    if (this.#waiting.length >= this.queued || signal?.aborted) {
      return Promise.reject(overloaded());
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(overloaded());
      };
      this.#waiting.push(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #reclaim(): void {
    const oldest = performance.now() - this.holdMilliseconds;
    for (let holder; (holder = this.holders.first);) {
      if (holder.since > oldest) return;
      this.holders.delete(holder);
      // whoever held it is gone: there is nobody to tell of a failure
      holder.cancel().catch(() => undefined);
    }
  }

  /** Gives a place back: to the read that has waited longest. */
  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

function overloaded(): OriginError {
  return new OriginError("overloaded", "Too many reads of one origin are under way");
}

/**
 * `origin`, with at most `limit.concurrent` reads under way. A read is under way until it fails, until
 * `bytes()` or `cancel()` is done, or until `stream()` hands the bytes to a client: the runtime pipes
 * them from there, nobody is told of their end, and the client's own connection bounds them.
 */
export function withLimit(origin: Origin, limit: Limit): Origin {
  async function limited<T>(run: () => Promise<T>, options?: ReadOptions): Promise<T> {
    if (!limit.tryTake()) await limit.take(options?.signal);
    try {
      return await run();
    } finally {
      limit.give();
    }
  }
  return {
    async read(file, range, options) {
      if (!limit.tryTake()) await limit.take(options?.signal);
      try {
        return new CountedBody(await origin.read(file, range, options), limit, options?.signal);
      } catch (fault) {
        limit.give();
        throw fault;
      }
    },
    head: (file, options) => limited(() => origin.head(file, options), options),
    list: (file, options) =>
      limited(() => origin.list?.(file, options) ?? Promise.resolve(undefined), options),
  };
}

class CountedBody extends PassedBody implements Holder {
  list?: unknown = undefined;
  before?: Linked = undefined;
  behind?: Linked = undefined;
  readonly since = performance.now();
  #counted = true;

  constructor(inner: OriginBody, private readonly limit: Limit, signal?: AbortSignal) {
    super(inner);
    limit.holders.add(this);
    if (inner.length === 0 || inner.notModified) this.#give();
    else if (signal?.aborted) this.#give();
  }

  #give(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.limit.holders.delete(this);
    this.limit.give();
  }

  override stream(): ReadableStream<Uint8Array> {
    this.#give();
    return this.inner.stream();
  }

  override async bytes(maxBytes?: number, room?: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.inner.bytes(maxBytes, room);
    } finally {
      this.#give();
    }
  }

  override async cancel(): Promise<void> {
    this.#give();
    await this.inner.cancel();
  }
}
