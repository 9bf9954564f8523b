/**
 * Bytes and ranges of files in a row, as one body: HEAD is the sum of their lengths, a client's range
 * slices them, and only what is left of the files is read, in order.
 *
 * A lone range goes to the client as the origin's own stream, which the runtime pipes natively. Any
 * other rope is collected: up to a megabyte before the response's headers go out, so that a short or
 * stalled one is a plain error; of a longer one so much at a time, and a fault then breaks the body
 * off. (test/bench/: a buffer at once costs less than passing the pieces of a body on.)
 */

import type { ByteRange } from "../byte_range.ts";
import { OriginError } from "../errors.ts";
import type { Answers } from "./answers.ts";
import type { BodyBytes } from "../http/representation.ts";
import type { OriginBody } from "../origin/origin.ts";
import type { SourceFile } from "../origin/source_file.ts";

/** Bytes of a file, yet to be read. */
export interface FileSegment extends ByteRange {
  readonly file: SourceFile;
  /** The read of exactly these bytes, where it is under way already. */
  readonly opened?: OriginBody;
}

/** What is sent: bytes, or bytes of a file. */
export type Segment = Uint8Array<ArrayBuffer> | FileSegment;

/** Starts to read a segment. */
export type ReadSegment = (segment: FileSegment, signal?: AbortSignal) => Promise<OriginBody>;

/** Up to here a lone range is collected: a short one is then a plain error, for 6 µs of CPU. */
const COLLECTED_BYTES = 8192;
/** Bytes that are read before the first of them is sent, and of a longer rope at one time. */
const PIECE_BYTES = 1024 * 1024;
/** Ranges longer than this are streamed where they do not fit into a piece with what is before them. */
const LONG_BYTES = PIECE_BYTES / 2;
/** Ranges of one piece that are read at the same time. */
const CONCURRENT = 8;

/** Bytes of the whole. */
export function ropeLength(rope: readonly Segment[]): number {
  return rope.reduce((sum, { length }) => sum + length, 0);
}

/** Bytes `[offset, offset + length)` of the whole. */
export function sliceRope(rope: readonly Segment[], { offset, length }: ByteRange): Segment[] {
  const slice: Segment[] = [];
  let start = 0;
  for (const segment of rope) {
    const from = Math.max(0, offset - start);
    const to = Math.min(segment.length, offset + length - start);
    start += segment.length;
    if (from >= to) continue;
    if (to - from === segment.length) slice.push(segment);
    else if (segment instanceof Uint8Array) slice.push(segment.subarray(from, to));
    else slice.push({ file: segment.file, offset: segment.offset + from, length: to - from });
  }
  return slice;
}

/** The rope with neighbouring ranges of one file as one range: that is one read. */
function joinNeighbours(rope: readonly Segment[]): Segment[] {
  const joined: Segment[] = [];
  for (const segment of rope) {
    const last = joined.at(-1);
    const follows = last && !(last instanceof Uint8Array) && !(segment instanceof Uint8Array) &&
      !segment.opened && last.file === segment.file && last.offset + last.length === segment.offset;
    if (!follows) joined.push(segment);
    else joined[joined.length - 1] = { ...last, length: last.length + segment.length };
  }
  return joined;
}

/** How a rope becomes the body of a response. */
export interface RopeReading {
  /** Reads the files. */
  readonly read: ReadSegment;
  readonly answers: Answers;
  /** True if nothing may be sent before all of it is there, however long. */
  readonly complete?: boolean;
  /** Gives the reads up, until the response is handed to the runtime. */
  readonly signal?: AbortSignal;
}

/**
 * The bytes of `rope` as the body of a response.
 *
 * @throws OriginError if the first megabyte cannot be read (a later fault errors the stream);
 * SluiceError `overloaded`
 */
export async function readRope(
  rope: readonly Segment[],
  { read, answers, complete = false, signal }: RopeReading,
): Promise<BodyBytes> {
  const row = joinNeighbours(rope);
  const length = ropeLength(row);
  const whole = complete || length <= PIECE_BYTES;
  const [first] = row;
  if (row.length === 1 && first instanceof Uint8Array) return answers.body(ownBuffer(first));
  const lone = row.length === 1 ? first as FileSegment : undefined;
  // A lone range that may be streamed is never held here.
  const taken = answers.claim(lone && !complete ? 0 : whole ? length : PIECE_BYTES);
  try {
    if (!lone) {
      return whole
        ? answers.body(await collectRope(row, read), taken)
        : await streamPieces(row, read, signal, taken);
    }
    const body = lone.opened ?? await read(lone);
    if (body.memory) {
      taken();
      return answers.body(body.memory);
    }
    const streamed = !complete && length > COLLECTED_BYTES;
    return streamed ? body.stream() : answers.body(await body.bytes(length), taken);
  } catch (fault) {
    taken();
    throw fault;
  }
}

/** Bytes that do not hold on to much more than themselves. */
function ownBuffer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.buffer.byteLength > 2 * bytes.length ? bytes.slice() : bytes;
}

/** All bytes of `rope` in one buffer. @throws OriginError */
export async function collectRope(
  rope: readonly Segment[],
  read: ReadSegment,
): Promise<Uint8Array<ArrayBuffer>> {
  const row = joinNeighbours(rope);
  const [first, last] = row;
  if (row.length === 1) {
    return first instanceof Uint8Array ? first : await bodyBytes(first, read);
  }
  if (row.length === 2 && first instanceof Uint8Array && !(last instanceof Uint8Array)) {
    // a frame: its range is read straight into the place behind the prefix
    const whole = await bodyBytes(last, read, first.length);
    whole.set(first);
    return whole;
  }
  const whole = new Uint8Array(ropeLength(row));
  let end = 0;
  const places = row.map((segment) => ({ segment, at: (end += segment.length) - segment.length }));
  const next = places.values();
  const reader = async () => {
    for (const { segment, at } of next) {
      whole.set(segment instanceof Uint8Array ? segment : await bodyBytes(segment, read), at);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, reader));
  return whole;
}

async function bodyBytes(
  segment: FileSegment,
  read: ReadSegment,
  room = 0,
): Promise<Uint8Array<ArrayBuffer>> {
  return await (segment.opened ?? await read(segment)).bytes(segment.length, room);
}

/** The pieces of `row` as a stream, handed out once the first is there; `taken` is called at its end. */
async function streamPieces(
  row: readonly Segment[],
  read: ReadSegment,
  signal: AbortSignal | undefined,
  taken: () => void,
): Promise<ReadableStream<Uint8Array>> {
  const leaving = new AbortController();
  const leave = () => leaving.abort(signal?.reason);
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  const pieces = piecesOf(row, read, leaving.signal);
  const first = await pieces.next();
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first.value!),
    async pull(controller) {
      const { done, value } = await pieces.next().catch((fault) => {
        taken();
        // The server's runtime prints what breaks a response: it must not tell where the origin is.
        throw fault instanceof OriginError ? new OriginError(fault.code, fault.message) : fault;
      });
      if (!done) return controller.enqueue(value);
      taken();
      controller.close();
    },
    cancel(reason) {
      taken();
      leaving.abort(reason);
    },
  }, { highWaterMark: 0 });
}

/** The row in pieces of a megabyte at most; what is read ends with `leaving`. */
async function* piecesOf(
  row: readonly Segment[],
  read: ReadSegment,
  leaving: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  const readOn: ReadSegment = (segment) => read(segment, leaving);
  let batch: Segment[] = [];
  let batched = 0;
  for (const segment of row) {
    const fits = batched + segment.length <= PIECE_BYTES;
    const streamed = !fits && segment.length > LONG_BYTES && !(segment instanceof Uint8Array);
    if (!fits && !streamed && batched > 0) {
      yield await collectRope(batch, readOn);
      batch = [];
      batched = 0;
    }
    if (!streamed) {
      batch.push(segment);
      batched += segment.length;
      continue;
    }
    // A long one: one read, of which a piece at a time is taken, the first behind the batch.
    let head: Uint8Array = await collectRope(batch, readOn);
    batch = [];
    batched = 0;
    const body = filler((segment.opened ?? await readOn(segment)).pieces());
    // whether giving it up goes well is of no consequence
    leaving.addEventListener("abort", () => body.cancel(leaving.reason).catch(() => undefined));
    for (let left = segment.length; left > 0; left -= PIECE_BYTES) {
      yield await body.fill(head, Math.min(left, PIECE_BYTES));
      head = NOTHING;
    }
  }
  if (batch.length > 0) yield await collectRope(batch, readOn);
}

const NOTHING = new Uint8Array(0);

interface Filler {
  /** A new buffer of `head` and the next `length` bytes. @throws OriginError if they do not come */
  fill(head: Uint8Array, length: number): Promise<Uint8Array<ArrayBuffer>>;
  cancel(reason: unknown): Promise<void>;
}

/** Reads pieces of any size into buffers. */
function filler(stream: ReadableStream<Uint8Array>): Filler {
  const reader = stream.getReader();
  let rest: Uint8Array = NOTHING;
  return {
    async fill(head, length) {
      const bytes = new Uint8Array(head.length + length);
      bytes.set(head);
      let filled = head.length;
      while (filled < bytes.length) {
        if (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) throw short(length, filled - head.length);
          rest = value;
        }
        const piece = rest.subarray(0, bytes.length - filled);
        bytes.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return bytes;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function short(wanted: number, got: number): OriginError {
  return new OriginError(
    "origin-range-mismatch",
    `The origin's body ended after ${got} of ${wanted} bytes`,
  );
}
