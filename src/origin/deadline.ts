/** Time limits of reads: one timer for all that are under way. */

import { OriginError } from "../errors.ts";
import { PassedBody } from "./body.ts";
import type { Origin, OriginBody, ReadOptions } from "./origin.ts";

/** A read under way, which is aborted when its time is over. */
export class Watched {
  /** Aborts the read. */
  readonly controller = new AbortController();
  /** On the clock of `performance.now()`. */
  until = 0;
  /** Not watched yet: {@link Deadlines.restart} does that. */
  constructor(readonly url: URL) {}
}

/** Reads under way in the order in which their time ends; they all have the same time. */
export class Deadlines {
  readonly #watched = new Set<Watched>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Nothing is watched yet.
   *
   * @param milliseconds that each watched read has
   */
  constructor(readonly milliseconds: number) {}

  /** Starts the time of a read. It is over when the controller aborts, or with {@link end}. */
  start(url: URL): Watched {
    const watched = new Watched(url);
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
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const watched of this.#watched) {
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
  async function timed<T>(
    url: URL,
    options: ReadOptions | undefined,
    run: (options: ReadOptions, body: (inner: OriginBody) => OriginBody) => Promise<T>,
  ): Promise<T> {
    const clock = typeof deadlines === "function" ? deadlines() : deadlines;
    const watched = clock.start(url);
    const { controller } = watched;
    const caller = options?.signal;
    const leave = caller && (() => controller.abort(caller.reason));
    if (caller?.aborted) controller.abort(caller.reason);
    else caller?.addEventListener("abort", leave!);
    const over = () => {
      clock.end(watched);
      caller?.removeEventListener("abort", leave!);
    };
    let kept = false;
    try {
      return await run({ ...options, signal: controller.signal }, (inner) => {
        clock.end(watched);
        kept = true;
        return new TimedBody(inner, clock, watched, over);
      });
    } finally {
      if (!kept) over();
    }
  }
  return {
    read: (url, range, options) =>
      timed(url, options, async (o, body) => body(await origin.read(url, range, o))),
    head: (url, options) => timed(url, options, (o) => origin.head(url, o)),
    list: (url, options) =>
      timed(url, options, (o) => origin.list?.(url, o) ?? Promise.resolve(undefined)),
  };
}

class TimedBody extends PassedBody {
  constructor(
    inner: OriginBody,
    private readonly clock: Deadlines,
    private readonly watched: Watched,
    private readonly over: () => void,
  ) {
    super(inner);
  }

  override async bytes(maxBytes?: number, room?: number): Promise<Uint8Array<ArrayBuffer>> {
    this.clock.restart(this.watched);
    try {
      return await this.inner.bytes(maxBytes, room);
    } finally {
      this.over();
    }
  }

  override cancel(): Promise<void> {
    this.over();
    return this.inner.cancel();
  }
}
