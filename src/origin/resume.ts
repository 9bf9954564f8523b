/**
 * Bodies that stop before their end: asked for once more, or an error, never a clean end.
 *
 * A body that goes to a client as the runtime's own stream is piped natively, at a third to a half of
 * the cost of passing each piece through JavaScript, but nobody can then time it or take it up again: if
 * it falls short the runtime aborts the client's connection, and if it stalls, only the client's
 * leaving ends it. So a host earns the native path: its first streams, a sample of all later ones, and
 * every one for a while after a fault are watched, piece by piece.
 */

import type { ByteRange } from "../byte_range.ts";
import { OriginError } from "../errors.ts";
import type { Log } from "../log.ts";
import { PassedBody } from "./body.ts";
import { Deadlines } from "./deadline.ts";
import type { Origin, OriginBody, ReadOptions } from "./origin.ts";
import type { SourceFile } from "./source_file.ts";
import { isStrong } from "./validator.ts";

/** Streams of a host that are watched before any is piped natively. */
const PROBATION = 16;
/** One stream in this many is watched ever after. */
const SAMPLE = 64;
/** Milliseconds for which all streams are watched after one failed. */
const SUSPICION = 60_000;
/** Bytes a second that a watched stream must reach over its whole length, besides its idle time. */
const SLOWEST = 16_384;

/** Which streams of one host are watched, and the time in which each piece of them must come. */
export class StreamWatch {
  #streams = 0;
  #suspectUntil = -Infinity;
  /** Times pieces; only while the origin is waited for, not the client. */
  readonly idle: Deadlines;

  /**
   * Nothing is known of the host yet.
   *
   * @param idleMilliseconds in which the next piece must come
   */
  constructor(idleMilliseconds: number) {
    this.idle = new Deadlines(idleMilliseconds);
  }

  /** Decides about the next stream. */
  watchesNext(): boolean {
    const nth = this.#streams++;
    return nth < PROBATION || nth % SAMPLE === 0 || performance.now() < this.#suspectUntil;
  }

  /** A body of the host stalled or fell short. */
  failed(): void {
    this.#suspectUntil = performance.now() + SUSPICION;
  }
}

/**
 * `origin`, whose bodies are taken up again once where they stop short: `bytes()` by reading again, a
 * watched stream by reading the rest of the same object (If-Match, so only where it has a strong tag).
 *
 * @param watch undefined: streams always are the runtime's own
 * @param log is told what broke a body that had begun to go to a client
 */
export function withResume(origin: Origin, watch: StreamWatch | undefined, log?: Log): Origin {
  return {
    ...origin,
    async read(file, range, options) {
      const body = await origin.read(file, range, options);
      return body.notModified
        ? body
        : new ResumedBody(body, { origin, file, range, options, watch, log });
    },
  };
}

interface Source {
  readonly origin: Origin;
  readonly file: SourceFile;
  readonly range: ByteRange | undefined;
  readonly options: ReadOptions | undefined;
  readonly watch: StreamWatch | undefined;
  readonly log: Log | undefined;
}

class ResumedBody extends PassedBody {
  constructor(inner: OriginBody, private readonly source: Source) {
    super(inner);
  }

  override async bytes(maxBytes?: number, room?: number): Promise<Uint8Array<ArrayBuffer>> {
    const { origin, file, range, options, watch } = this.source;
    try {
      return await this.inner.bytes(maxBytes, room);
    } catch (fault) {
      if (!isShort(fault) || options?.signal?.aborted) throw fault;
      watch?.failed();
      return await (await origin.read(file, range, options)).bytes(maxBytes, room);
    }
  }

  override stream(): ReadableStream<Uint8Array> {
    const { watch, options } = this.source;
    if (watch === undefined) return this.inner.stream();
    const watches = watch.watchesNext() || options?.watched === true;
    return watches ? watchedStream(this.inner, this.source, watch) : this.inner.stream();
  }
}

function isShort(fault: unknown): boolean {
  return fault instanceof OriginError && fault.context.short === true;
}

function watchedStream(
  body: OriginBody,
  source: Source,
  watch: StreamWatch,
): ReadableStream<Uint8Array> {
  const { length } = body;
  const mayWait = watch.idle.milliseconds + (length ?? Infinity) / SLOWEST * 1000;
  let reader = body.stream().getReader();
  let got = 0;
  let waited = 0;
  let resumed = false;

  /** The next piece, in time. */
  async function next(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const since = performance.now();
    const watched = watch.idle.start(source.file.url);
    const { signal } = watched.controller;
    const stalled = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
    try {
      return await Promise.race([reader.read(), stalled]);
    } finally {
      watch.idle.end(watched);
      waited += performance.now() - since;
    }
  }

  /** Goes on at the byte that is missing; throws `fault` where that cannot be done safely. */
  async function resume(fault: unknown): Promise<void> {
    const { origin, file, range, options } = source;
    const etag = body.validator?.etag;
    if (resumed || length === undefined || !isStrong(etag) || options?.signal?.aborted) throw fault;
    resumed = true;
    const rest = { offset: (range?.offset ?? 0) + got, length: length - got };
    const same = { ...file, validator: { etag } };
    reader = (await origin.read(same, rest, { signal: options?.signal })).stream().getReader();
  }

  async function pull(): Promise<Uint8Array | undefined> {
    for (;;) {
      let fault: unknown;
      try {
        const { done, value } = await next();
        if (!done && waited <= mayWait) {
          got += value.length;
          if (length === undefined || got <= length) return value;
        } else if (done && (length === undefined || got === length)) return undefined;
        fault = waited > mayWait
          ? new OriginError("origin-timeout", "The origin sends too slowly", context())
          : new OriginError("origin-range-mismatch", "The origin sent another length", context());
      } catch (cause) {
        fault = cause instanceof OriginError ? cause : new OriginError(
          "origin-range-mismatch",
          "The origin sent fewer bytes than promised",
          context(),
          cause,
        );
      }
      watch.failed();
      // the failed body is given up: whether that goes well is of no consequence
      reader.cancel(fault).catch(() => undefined);
      if (length !== undefined && got > length) throw fault;
      await resume(fault);
    }
  }
  const context = () => ({ url: source.file.url.href, promised: length, got });

  return new ReadableStream({
    async pull(controller) {
      const piece = await pull().catch((fault) => {
        if (source.options?.watched) throw fault;
        // The server's runtime prints what breaks a response: it must not tell where the origin is.
        source.log?.("body-aborted", {}, fault);
        throw new TypeError("The body breaks off: its origin failed");
      });
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
