/**
 * Every fault the gateway can answer with: one table from code to HTTP status and RFC 9457 title.
 *
 * A fault is thrown as a {@link SluiceError} and becomes an `application/problem+json` response in
 * one place, `src/http/problem.ts`. What a client may read is `detail`; what only the log may hold
 * (URLs, origin statuses) is `context`.
 */

/** What every answer to a fault says, whatever its cause. */
export interface Fault {
  /** The HTTP status. */
  readonly status: number;
  /** What went wrong, in the same words for all of a kind (RFC 9457 `title`). */
  readonly title: string;
  /** Seconds to put into `Retry-After`. */
  readonly retryAfter?: number;
}

/** Code → status and title. The code is also the problem's `type`. */
export const FAULTS = {
  "not-found": { status: 404, title: "No such key" },
  "bad-request": { status: 400, title: "The request cannot be understood" },
  "method-not-allowed": { status: 405, title: "Only GET, HEAD and OPTIONS are answered" },
  "unauthorized": { status: 401, title: "This dataset needs a token" },
  "rate-limited": { status: 429, title: "Too many requests", retryAfter: 1 },
  "key-too-long": { status: 414, title: "The key is longer than any that is looked up" },
  "precondition-failed": { status: 412, title: "The key is not the one that If-Match names" },
  "range-not-satisfiable": { status: 416, title: "The range is beyond the end" },
  "origin-not-allowed": {
    status: 502,
    title: "A reference leads outside the dataset's allowed origins",
  },
  "origin-redirect": { status: 502, title: "The origin answered with a redirect" },
  "range-ignored": { status: 502, title: "The origin ignored the byte range" },
  "origin-range-mismatch": { status: 502, title: "The origin sent other bytes than asked" },
  "source-changed": { status: 502, title: "The source file changed under its index" },
  "reference-unreachable": { status: 502, title: "The referenced bytes cannot be read" },
  "index-invalid": { status: 502, title: "The index cannot be understood" },
  "index-too-large": { status: 503, title: "The index is over the size this server holds" },
  "chunk-invalid": { status: 502, title: "The chunk cannot be decoded" },
  "origin-unavailable": { status: 503, title: "The origin is failing", retryAfter: 2 },
  "overloaded": { status: 503, title: "Too many reads are under way", retryAfter: 1 },
  "origin-timeout": { status: 504, title: "The origin did not answer in time" },
  "internal": { status: 500, title: "A fault in the gateway" },
} as const satisfies Record<string, Fault>;

/** A key of {@link FAULTS}. */
export type ErrorCode = keyof typeof FAULTS;

/** What only the log may hold about a fault. */
export interface ErrorContext {
  /** The URL that was being read; redacted by the log, never sent. */
  readonly url?: string;
  /** The status that the origin answered with. */
  readonly originStatus?: number;
  /** Whatever else helps to find the cause. */
  readonly [key: string]: unknown;
}

/** A fault with a code of {@link FAULTS}. `message` is the public detail; `context` is for the log. */
export class SluiceError extends Error {
  /** What tells the class from others in a log. */
  override readonly name: string = "SluiceError";
  /** What went wrong; it decides the HTTP status. */
  readonly code: ErrorCode;
  /** What the log is told besides. */
  readonly context: ErrorContext;

  /**
   * A fault yet to be thrown.
   *
   * @param detail what the client may read: no URL, no secret
   * @param cause the exception behind it, for the log
   */
  constructor(code: ErrorCode, detail: string, context: ErrorContext = {}, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.context = context;
  }

  /** The HTTP status of this fault. */
  get status(): number {
    return FAULTS[this.code].status;
  }
}

/** A key that the index proves absent. */
export class AbsentKey extends SluiceError {
  /** What tells the class from others in a log. */
  override readonly name = "AbsentKey";

  /** As {@link SluiceError}, with the code `not-found`. @param maxAge seconds it may be believed; 0: not kept */
  constructor(detail: string, readonly maxAge: number) {
    super("not-found", detail);
  }
}

/** A read that failed: refused, unreachable, late, or not the bytes that were asked for. */
export class OriginError extends SluiceError {
  /** What tells the class from others in a log. */
  override readonly name = "OriginError";

  /** True if the origin itself said that there is no such object (404 or 410). */
  get absent(): boolean {
    return this.context.originStatus === 404 || this.context.originStatus === 410;
  }
}

/** An index that cannot be parsed, or that asks for more than is allowed. */
export class IndexError extends SluiceError {
  /** What tells the class from others in a log. */
  override readonly name = "IndexError";

  /** As {@link SluiceError}; the index is malformed unless `code` says that it is too large. */
  constructor(
    detail: string,
    context: ErrorContext = {},
    cause?: unknown,
    code: "index-invalid" | "index-too-large" = "index-invalid",
  ) {
    super(code, detail, context, cause);
  }
}

/** A chunk whose bytes cannot be decoded as its metadata says. */
export class ChunkError extends SluiceError {
  /** What tells the class from others in a log. */
  override readonly name = "ChunkError";

  /** As {@link SluiceError}, with the code `chunk-invalid`. */
  constructor(detail: string, context: ErrorContext = {}, cause?: unknown) {
    super("chunk-invalid", detail, context, cause);
  }
}
