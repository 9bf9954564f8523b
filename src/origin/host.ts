/**
 * What every read of one host passes, whichever dataset asks.
 *
 * A try waits for the breaker (while the host seems down, one read at a time asks it) and for a place
 * (so many reads of a host are under way at most); a fault that passes is tried again, within a budget;
 * and all of that has one deadline. The body then holds the place, has a deadline of its own, and where
 * it stops short it is asked for once more: never a clean end.
 *
 * A body that goes to a client as the runtime's own stream is piped natively, at a third to a half of
 * the cost of passing each piece through JavaScript, but nobody can then time it or take it up again: if
 * it falls short the runtime aborts the client's connection, and if it stalls, only the client's
 * leaving ends it. So a host earns the native path: its first streams, a sample of all later ones, and
 * every one for a while after a fault are watched, piece by piece.
 */

import type { ByteRange } from "../byte_range.ts";
import { Deadlines } from "../deadlines.ts";
import { OriginError } from "../errors.ts";
import { Linked } from "../linked_list.ts";
import type { Log } from "../log.ts";
import { collect, exactly, notModifiedBody, tooLong } from "./body.ts";
import { Breaker } from "./breaker.ts";
import { type Holder, Limit } from "./limit.ts";
import { networkFault, TimedRead, whileWanted } from "./ending.ts";
import type { Origin, OriginBody, ReadOptions } from "./origin.ts";
import { beforeRetry, isUnheard, RetryBudget } from "./retry.ts";
import type { SourceFile, Validator } from "./source_file.ts";
import type { Store, StoreAnswer } from "./store.ts";
import { isStrong, validatorOf } from "./validator.ts";

/** Streams of a host that are watched before any is piped natively. */
const PROBATION = 16;
/** One stream in this many is watched ever after. */
const SAMPLE = 64;
/** Milliseconds for which all streams are watched after one failed. */
const SUSPICION = 60_000;
/** Bytes a second that a watched stream must reach over its whole length, besides its idle time. */
const SLOWEST = 16_384;

export interface HostLimits {
  /** Reads that may be under way. */
  readonly concurrentPerOrigin: number;
  /** Milliseconds until a read has its headers, retries included; and again until its last byte. */
  readonly requestTimeoutMs: number;
  /** False where requests may not touch each other's I/O: no shared timers, no breaker. */
  readonly shared: boolean;
  /** Told of hosts that go down and come back, and of bodies that broke on their way to a client. */
  readonly log?: Log;
}

export class Host {
  readonly #deadlines: Deadlines | undefined;
  #streams = 0;
  #suspectUntil = -Infinity;

  /** @param name for the log */
  constructor(
    name: string,
    readonly limits: HostLimits,
    readonly limit = new Limit(
      limits.concurrentPerOrigin,
      limits.concurrentPerOrigin * 16,
      // a body is taken at once and read in `requestTimeoutMs`: one this old was forgotten
      limits.requestTimeoutMs * 3,
    ),
    private readonly breaker = new Breaker(undefined, (open) => {
      limits.log?.(open ? "origin-down" : "origin-back", { origin: name });
    }),
    private readonly budget = new RetryBudget(),
  ) {
    this.#deadlines = limits.shared ? new Deadlines(limits.requestTimeoutMs) : undefined;
  }

  origin(store: Store): Origin {
    return {
      read: (file, range, options) => this.read({ store, file, range, options }),
      head: (file, options) =>
        this.#call(file, options, (signal, fresh) => store.head(file, { signal, fresh })),
      list: (folder, options) =>
        this.#call(
          folder,
          options,
          async (signal, fresh) => await store.list?.(folder, { signal, fresh }),
        ),
    };
  }

  /** Reads; `again` says that it is for a body that stopped short. */
  async read(asked: Asked, again = false): Promise<OriginBody> {
    const { store, file, range, options } = asked;
    const time = this.#start(file, options);
    try {
      const { unless } = options ?? {};
      const answer = await this.#tried(
        time.signal,
        (signal, fresh) => store.read(file, range, { signal, fresh, unless }),
      );
      time.pause();
      if (!answer.notModified) return new HostBody(this, asked, answer, time, again);
      this.limit.give();
      time.over();
      return notModifiedBody(validatorOf(answer.response.headers));
    } catch (fault) {
      time.over();
      throw fault;
    }
  }

  watchesNext(): boolean {
    if (!this.limits.shared) return false;
    const nth = this.#streams++;
    return nth < PROBATION || nth % SAMPLE === 0 || performance.now() < this.#suspectUntil;
  }

  bodyFailed(): void {
    this.#suspectUntil = performance.now() + SUSPICION;
  }

  #start({ url }: SourceFile, options: ReadOptions | undefined): TimedRead {
    const deadlines = this.#deadlines ?? new Deadlines(this.limits.requestTimeoutMs);
    return new TimedRead(deadlines, url, options?.signal);
  }

  async #call<T>(
    file: SourceFile,
    options: ReadOptions | undefined,
    run: (signal: AbortSignal, fresh: boolean) => Promise<T>,
  ): Promise<T> {
    const time = this.#start(file, options);
    try {
      const result = await this.#tried(time.signal, run);
      this.limit.give();
      return result;
    } finally {
      time.over();
    }
  }

  /** What `run` gives, at the first try or a later one; the place is then the caller's to give back. */
  async #tried<T>(
    signal: AbortSignal,
    run: (signal: AbortSignal, fresh: boolean) => Promise<T>,
  ): Promise<T> {
    let fresh = false;
    for (let tried = 0;; tried++) {
      try {
        const result = await this.#once(signal, fresh, run);
        this.budget.succeeded();
        return result;
      } catch (fault) {
        await beforeRetry(fault, tried, this.budget, signal);
        // other connections that were kept may be like this one
        fresh ||= isUnheard(fault);
      }
    }
  }

  async #once<T>(
    signal: AbortSignal,
    fresh: boolean,
    run: (signal: AbortSignal, fresh: boolean) => Promise<T>,
  ): Promise<T> {
    const { breaker, limit } = this;
    const guarded = this.limits.shared;
    const leave = guarded && breaker.open ? await breaker.enter() : undefined;
    let placed = false;
    try {
      if (!limit.tryTake()) await limit.take(signal);
      placed = true;
      const result = await run(signal, fresh);
      if (guarded) breaker.succeeded();
      return result;
    } catch (fault) {
      if (placed) limit.give();
      if (guarded) breaker.failed(fault);
      throw fault;
    } finally {
      leave?.();
    }
  }
}

export interface Asked {
  readonly store: Store;
  readonly file: SourceFile;
  readonly range: ByteRange | undefined;
  readonly options: ReadOptions | undefined;
}

/**
 * The body of a host's answer. It holds a place until `bytes()` or `cancel()` is done, or until a stream
 * hands the bytes on: the client's own connection bounds them from there.
 */
class HostBody extends Linked implements OriginBody, Holder {
  readonly since = performance.now();
  #placed = true;

  constructor(
    private readonly host: Host,
    private readonly asked: Asked,
    private readonly answer: StoreAnswer,
    private readonly time: TimedRead,
    /** True if a part of it, or all, was read before. */
    private readonly again: boolean,
  ) {
    super();
    host.limit.holders.add(this);
    if (answer.length === 0 || time.signal.aborted) this.#give();
  }

  get length(): number | undefined {
    return this.answer.length;
  }

  get objectLength(): number | undefined {
    return this.answer.objectLength;
  }

  get validator(): Validator | undefined {
    return validatorOf(this.answer.response.headers);
  }

  async bytes(maxBytes = Infinity, room = 0): Promise<Uint8Array<ArrayBuffer>> {
    const { answer: { response, length: promised, framed }, asked } = this;
    const url = asked.file.url.href;
    this.time.resume();
    try {
      if ((promised ?? 0) > maxBytes) {
        await this.#drop();
        throw tooLong(maxBytes, url);
      }
      const reading = collect(response, { promised, framed, maxBytes, room, url });
      const bytes = await whileWanted(reading, this.time.signal);
      if (promised === undefined || bytes.length - room === promised) return bytes;
      throw this.#short(bytes.length - room);
    } catch (cause) {
      const fault = this.#faultOf(cause);
      if (this.again || !fault.context.short || asked.options?.signal?.aborted) throw fault;
    } finally {
      this.#give();
      this.time.over();
    }
    this.host.bodyFailed();
    const { file } = asked;
    const same = { ...file, validator: file.validator ?? this.validator };
    return await (await this.host.read({ ...asked, file: same }, true)).bytes(maxBytes, room);
  }

  stream(): ReadableStream<Uint8Array> {
    if (!this.host.watchesNext()) return this.#native();
    return this.#watched((fault) => {
      // The server's runtime prints what breaks a response: it must not tell where the origin is.
      this.host.limits.log?.("body-aborted", {}, fault);
      return new TypeError("The body breaks off: its origin failed");
    });
  }

  pieces(): ReadableStream<Uint8Array> {
    return this.#watched((fault) => fault);
  }

  async cancel(): Promise<void> {
    this.#give();
    this.time.over();
    await this.#drop();
  }

  #give(): void {
    if (!this.#placed) return;
    this.#placed = false;
    this.host.limit.holders.delete(this);
    this.host.limit.give();
  }

  async #drop(): Promise<void> {
    // the response may already have failed; there is nothing left to give up then
    await this.answer.response.body?.cancel().catch(() => undefined);
  }

  #short(got: number | undefined, cause?: unknown): OriginError {
    return new OriginError(
      "origin-range-mismatch",
      "The origin sent another number of bytes than promised",
      { url: this.asked.file.url.href, promised: this.length, got, short: true },
      cause,
    );
  }

  #faultOf(cause: unknown): OriginError {
    if (cause instanceof OriginError) return cause;
    const { signal } = this.time;
    return signal.aborted
      ? networkFault(cause, this.asked.file.url.href, signal)
      : this.#short(undefined, cause);
  }

  /** The runtime's own stream, wherever HTTP itself holds it to its length. */
  #native(): ReadableStream<Uint8Array> {
    const { length, framed } = this.answer;
    const body = this.#unchecked();
    return framed && this.answer.response.body || length === undefined
      ? body
      : exactly(body, length, (got) => this.#short(got));
  }

  /** What the origin sends, however much. */
  #unchecked(): ReadableStream<Uint8Array> {
    this.#give();
    return this.answer.response.body ?? new Blob([]).stream();
  }

  /**
   * A stream whose pieces are timed, and which goes on once where it stopped: with the rest of the same
   * object (If-Match, so only where it has a strong tag).
   *
   * @param broken what to throw for a fault
   */
  #watched(broken: (fault: OriginError) => unknown): ReadableStream<Uint8Array> {
    const { host, asked, length } = this;
    const { file, range, options } = asked;
    let { time } = this;
    let reader = this.#unchecked().getReader();
    let { again } = this;
    let { framed } = this.answer;
    let got = 0;
    let waited = 0;

    /** The next piece, in its time. Nobody waits for the client here. */
    async function next(): Promise<Uint8Array | undefined> {
      const since = performance.now();
      time.resume();
      try {
        // the runtime does not always end a body whose signal aborts
        return (await whileWanted(reader.read(), time.signal)).value;
      } finally {
        time.pause();
        waited += performance.now() - since;
      }
    }
    const tooSlow = () =>
      waited > host.limits.requestTimeoutMs + (length ?? got) / SLOWEST * 1000
        ? new OriginError("origin-timeout", "The origin sends too slowly", {
          url: file.url.href,
          promised: length,
          got,
        })
        : undefined;

    /** Goes on at the byte that is missing; throws `fault` where that cannot be done safely. */
    const resume = async (fault: OriginError): Promise<void> => {
      const etag = this.validator?.etag;
      host.bodyFailed();
      time.over();
      // the failed body is given up: whether that goes well is of no consequence
      reader.cancel(fault).catch(() => undefined);
      const lost = again || length === undefined || got > length || options?.signal?.aborted;
      if (lost || !isStrong(etag)) throw fault;
      again = true;
      const rest = await host.read({
        ...asked,
        file: { ...file, validator: { etag } },
        range: { offset: (range?.offset ?? 0) + got, length: length - got },
      }, true) as HostBody;
      time = rest.time;
      framed = rest.answer.framed;
      reader = rest.#unchecked().getReader();
    };

    const pull = async (): Promise<Uint8Array | undefined> => {
      for (;;) {
        try {
          const piece = await next();
          const late = tooSlow();
          if (late) throw late;
          got += piece?.length ?? 0;
          // the last bytes are held until the body ends behind them
          if (!framed && piece && got === length) got += (await next())?.length ?? 0;
          if (length === undefined || got <= length && piece || got === length) return piece;
          throw this.#short(got);
        } catch (cause) {
          await resume(
            cause instanceof OriginError
              ? cause
              : time.signal.aborted
              ? networkFault(cause, file.url.href, time.signal)
              : this.#short(got, cause),
          );
        }
      }
    };

    return new ReadableStream({
      async pull(controller) {
        const piece = await pull().catch((fault) => {
          throw broken(fault);
        });
        if (piece) return controller.enqueue(piece);
        time.over();
        controller.close();
      },
      async cancel(reason) {
        time.over();
        await reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
  }
}
