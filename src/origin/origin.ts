/** What an object store or host is to the gateway: a source of exact byte ranges. */

import type { ByteRange } from "../byte_range.ts";
import type { SourceFile, Validator } from "./source_file.ts";

/** Options of {@link Origin.read}. */
export interface ReadOptions {
  /** Cancels the read. */
  readonly signal?: AbortSignal;
  /**
   * Reads of one epoch must all see their file in the same state: the one seen first is demanded from
   * then on (`source-changed` otherwise), and bytes may be answered from memory. For chunk reads: the
   * index's version.
   */
  readonly epoch?: string;
  /** The read answers `notModified` if the file still is this one. */
  readonly unless?: Validator;
}

/**
 * The bytes of one read. Use `bytes()`, `pieces()` or `stream()`, once. Its length was checked against what was
 * asked before it was handed out.
 */
export interface OriginBody {
  /** Bytes that the body will give; undefined only for a whole object of undeclared length. */
  readonly length?: number;
  /** Bytes of the whole object, where the origin told. */
  readonly objectLength?: number;
  /** What the origin said of the object's state. */
  readonly validator?: Validator;
  /** True if `unless` still holds; there are no bytes then. */
  readonly notModified?: boolean;
  /** The bytes, where they are in memory already. Others hold them too: nobody may write to them. */
  readonly memory?: Uint8Array<ArrayBuffer>;
  /**
   * The bytes as a stream that is read here: each piece is timed, it is taken up again once where it
   * stops short, and what breaks it is an `OriginError`.
   */
  pieces(): ReadableStream<Uint8Array>;
  /** The bytes as a stream for a client; it errors (never ends cleanly) if it falls short of `length`. */
  stream(): ReadableStream<Uint8Array>;
  /**
   * All bytes at once, behind `room` bytes of zeros for the reader to fill (in the same buffer: a frame
   * costs no copy).
   *
   * @throws OriginError if they fall short of `length`, or exceed `maxBytes` (`room` not counted)
   */
  bytes(maxBytes?: number, room?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the body up. */
  cancel(): Promise<void>;
}

/** What is known of an object without its bytes. */
export interface ObjectInfo {
  /** Bytes, where the origin told. */
  readonly length?: number;
  /** The state it is in, where the origin told. */
  readonly validator?: Validator;
}

/** One entry below a folder: a name without slashes. */
export interface ListEntry {
  /** Not escaped. */
  readonly name: string;
  /** A folder is what has names below it. */
  readonly kind: "object" | "folder";
}

/**
 * One object store or host. Exactly the bytes asked for, or it throws an `OriginError`: never a
 * shorter or other body, never a status for the caller to interpret.
 */
export interface Origin {
  /** Reads `range` of the file, or all of it. `source-changed` if it is not in the state of its validator. */
  read(file: SourceFile, range: ByteRange | undefined, options?: ReadOptions): Promise<OriginBody>;
  /** Looks at the file. @throws OriginError (`absent` if there is none) */
  head(file: SourceFile, options?: ReadOptions): Promise<ObjectInfo>;
  /** The entries of a folder; undefined where the origin cannot list. */
  list?(folder: SourceFile, options?: ReadOptions): Promise<ListEntry[] | undefined>;
}
