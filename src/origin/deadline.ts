/** Time limits of reads: one timer for all that are under way. */

import { OriginError } from "../errors.ts";
import { type Linked, LinkedList } from "../linked_list.ts";
import { PassedBody } from "./body.ts";
import type { Origin, OriginBody, ReadOptions } from "./origin.ts";

/** A read under way, which is aborted when its time is over. */
export class Watched implements Linked {
  /** See {@link Linked}. */
  list?: unknown = undefined;
  /** See {@link Linked}. */
  before?: Linked = undefined;
  /** See {@link Linked}. */
  behind?: Linked = undefined;
  /** On the clock of `performance.now()`. */
  until = 0;
  /** Not watched yet: {@link Deadlines.restart} does that. @param controller aborts the read */
  constructor(readonly url: URL, readonly controller: AbortController) {}
}

/** Reads under way in the order in which their time ends; they all have the same time. */
export class Deadlines {
  readonly #watched = new LinkedList<Watched>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Nothing is watched yet.
   *
   * @param milliseconds that each watched read has
   */
  constructor(readonly milliseconds: number) {}

  /** Starts the time of a read. It is over when the controller aborts, or with {@link end}. */
  start(url: URL, controller: AbortController = new AbortController()): Watched {
    const watched = new Watched(url, controller);
    this.restart(watched);
    return watched;
  }

  /** Gives a read that is not over its whole time again. */
  restart(watched: Watched): void {
    this.#watched.delete(watched);
    watched.until = performance.now() + this.milliseconds;
    this.#watched.add(watched);
    this.#timer ??= setTimeout(this.#sweep, this.milliseconds);
  }

  /** The read is done. */
  end(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.first) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (let watched; (watched = this.#watched.first);) {
      if (watched.until > now) {
        this.#timer = setTimeout(this.#sweep, watched.until - now + 1);
        return;
      }
      this.#watched.delete(watched);
      watched.controller.abort(
        new OriginError("origin-timeout", "The origin did not answer in time", {
          url: watched.url.href,
        }),
      );
    }
  };
}

/**
 * `origin`, each of whose reads must have its headers within the deadline, retries included, and, if
 * taken with `bytes()`, its last byte within another. A body taken as a stream is its taker's to watch.
 *
 * @param deadlines shared between reads on a server; where requests may not share timers (a Worker),
 *   a function that makes new ones
 */
export function withDeadline(origin: Origin, deadlines: Deadlines | (() => Deadlines)): Origin {
  const clock = () => typeof deadlines === "function" ? deadlines() : deadlines;

  async function timed<T>(
    url: URL,
    options: ReadOptions | undefined,
    run: (options: ReadOptions) => Promise<T>,
  ): Promise<T> {
    const read = new TimedRead(clock(), url, options);
    try {
      return await run(read.options);
    } finally {
      read.over();
    }
  }
  return {
    async read(file, range, options) {
      const read = new TimedRead(clock(), file.url, options);
      try {
        return new TimedBody(await origin.read(file, range, read.options), read.pause());
      } catch (fault) {
        read.over();
        throw fault;
      }
    },
    head: (file, options) => timed(file.url, options, (o) => origin.head(file, o)),
    list: (file, options) =>
      timed(file.url, options, (o) => origin.list?.(file, o) ?? Promise.resolve(undefined)),
  };
}

/** A read in its time. It ends with its caller's signal too, and then is nobody's to end any more. */
class TimedRead {
  /** The caller's, with a signal that aborts when the time is over. */
  readonly options: ReadOptions;
  readonly #watched: Watched;
  readonly #caller: AbortSignal | undefined;
  readonly #leave: (() => void) | undefined;

  constructor(private readonly clock: Deadlines, url: URL, options: ReadOptions | undefined) {
    const own = options?.controller;
    const caller = options?.signal;
    if (options && own && own.signal === caller) {
      this.options = options;
      this.#watched = clock.start(url, own);
      return;
    }
    this.#watched = clock.start(url);
    const { controller } = this.#watched;
    this.options = { ...options, signal: controller.signal, controller };
    if (caller === undefined) return;
    this.#caller = caller;
    this.#leave = () => controller.abort(caller.reason);
    if (caller.aborted) this.#leave();
    else caller.addEventListener("abort", this.#leave);
  }

  /** Its time does not run. */
  pause(): this {
    this.clock.end(this.#watched);
    return this;
  }

  /** It has its whole time again. */
  resume(): void {
    this.clock.restart(this.#watched);
  }

  /** It is done. */
  over(): void {
    this.clock.end(this.#watched);
    if (this.#leave) this.#caller?.removeEventListener("abort", this.#leave);
  }
}

class TimedBody extends PassedBody {
  constructor(inner: OriginBody, private readonly read: TimedRead) {
    super(inner);
  }

  override async bytes(maxBytes?: number, room?: number): Promise<Uint8Array<ArrayBuffer>> {
    this.read.resume();
    try {
      return await this.inner.bytes(maxBytes, room);
    } finally {
      this.read.over();
    }
  }

  override cancel(): Promise<void> {
    this.read.over();
    return this.inner.cancel();
  }
}
