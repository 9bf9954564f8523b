/** The bytes of an index file as a stream: hashed as they pass, and decompressed. */

import { sha256 } from "@noble/hashes/sha2.js";
import { Decompress } from "fzstd";
import { IndexError, OriginError, SluiceError } from "../src/errors.ts";
import { Turn } from "./slices.ts";

/** Hexadecimal digits of a version. */
const VERSION_DIGITS = 32;

/** A version from the bytes of an index: the start of their SHA-256. */
export class VersionHash {
  readonly #hash = sha256.create();

  /** Adds the next bytes of the index. */
  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  /** The version; nothing can be added afterwards. */
  digest(): string {
    return this.#hash.digest().toHex().slice(0, VERSION_DIGITS);
  }
}

/** The parts of a stream, which is cancelled if they are not all taken. @throws OriginError */
export async function* parts(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  const turn = new Turn();
  let ended = false;
  try {
    for (;;) {
      // what has come already is read without a turn for others
      if (turn.isOver) await turn.pass();
      const { done, value } = await reader.read().catch(asOriginError);
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    // what broke off the reading is what is thrown; the cancelling has nothing to add
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

/** What breaks a runtime's own stream says nothing of origins. */
function asOriginError(fault: unknown): never {
  if (fault instanceof SluiceError) throw fault;
  throw new OriginError("origin-range-mismatch", "The index breaks off", {}, fault);
}

/** Passes parts on, hashing them. */
export async function* hashed(
  input: AsyncIterable<Uint8Array>,
  hash: VersionHash,
): AsyncGenerator<Uint8Array> {
  for await (const part of input) {
    hash.update(part);
    yield part;
  }
}

/** All of an index as text. @throws IndexError `index-too-large` above `maxBytes`, or if it is no UTF-8 */
export async function wholeText(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [text, bytes] = ["", 0];
  try {
    for await (const part of input) {
      bytes += part.length;
      if (bytes > maxBytes) break;
      text += decoder.decode(part, { stream: true });
    }
    if (bytes <= maxBytes) return text + decoder.decode();
  } catch (cause) {
    if (cause instanceof TypeError) throw new IndexError("The index is not UTF-8 text", {}, cause);
    throw cause;
  }
  throw new IndexError(
    `The index has over ${maxBytes} bytes, which is the most that this server reads at once`,
    { maxBytes },
    undefined,
    "index-too-large",
  );
}

/** Bytes of a Zstandard frame's header at most. */
const ZSTD_HEAD = 18;

/** Decompresses what starts with the magic bytes of gzip or Zstandard; passes on anything else. */
export async function* decompressed(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  let ended = false;
  while (head.length < ZSTD_HEAD && !ended) {
    const { done, value } = await iterator.next();
    ended = done === true;
    if (value) head = concat(head, value);
  }
  const all = (async function* () {
    try {
      if (head.length > 0) yield head;
      while (!ended) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  })();
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const isZstd = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
  yield* isGzip ? gunzip(all) : isZstd ? unzstd(all, head) : all;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

async function* gunzip(input: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let inputFault: unknown;
  const source = new ReadableStream<BufferSource>({
    async pull(controller) {
      try {
        const { done, value } = await input.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      } catch (fault) {
        inputFault = fault;
        controller.error(fault);
      }
    },
    cancel: async () => void await input.return(undefined),
  });
  try {
    yield* parts(source.pipeThrough(new DecompressionStream("gzip")));
  } catch (cause) {
    throw inputFault ?? new IndexError("Cannot decompress the index as gzip", {}, cause);
  }
}

/** Bytes that a Zstandard frame may look back; `zstd -19` needs 8 MiB. */
const MAX_ZSTD_WINDOW = 2 ** 26;

/**
 * Bytes that the frame at the start of `head` looks back, which its decoder holds. Source: RFC 8878 §3.1.1.1;
 * the descriptor 0xb0 stands for 2³² and more.
 */
function zstdWindow(head: Uint8Array): number {
  const descriptor = head[4] ?? 0;
  if ((descriptor & 0x20) === 0) {
    const window = head[5] ?? 0;
    const base = 2 ** (10 + (window >> 3));
    return base + base / 8 * (window & 7);
  }
  // a single segment: as much as its content, whose size follows the dictionary's number
  const size = 1 << (descriptor >> 6);
  const at = 5 + [0, 1, 2, 4][descriptor & 3];
  let content = size === 2 ? 256 : 0;
  for (let i = 0; i < size; i++) content += (head[at + i] ?? 0) * 256 ** i;
  return content;
}

async function* unzstd(
  input: AsyncGenerator<Uint8Array>,
  head: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const window = zstdWindow(head);
  if (window > MAX_ZSTD_WINDOW) {
    throw new IndexError(
      `The index looks back ${window} bytes; the limit is ${MAX_ZSTD_WINDOW}. ` +
        "Compress it again without --long",
      { window },
      undefined,
      "index-too-large",
    );
  }
  const pending: Uint8Array[] = [];
  const decompress = new Decompress((part) => {
    // the decoder goes on writing into the window that it hands out
    if (part.length > 0) pending.push(part.slice());
  });
  function push(part: Uint8Array, isLast: boolean): void {
    try {
      decompress.push(part, isLast);
    } catch (cause) {
      throw new IndexError("Cannot decompress the index as Zstandard", {}, cause);
    }
  }
  const turn = new Turn();
  let step: number = ZSTD_PARTS.least;
  for await (const part of input) {
    for (let at = 0; at < part.length;) {
      if (turn.isOver) await turn.pass();
      const taken = step;
      push(part.subarray(at, at + taken), false);
      const made = pending.reduce((sum, { length }) => sum + length, 0);
      step = made > MANY_BYTES ? ZSTD_PARTS.least : Math.min(step * 2, ZSTD_PARTS.most);
      at += taken;
      yield* pending.splice(0);
    }
  }
  push(new Uint8Array(0), true);
  yield* pending.splice(0);
}

/** Bytes decompressed at a time: of the worst ratio, 32,000, the least give 2 MiB in some milliseconds. */
const ZSTD_PARTS = { least: 64, most: 1024 } as const;
/** Bytes that one part gave which show that its ratio is such a one. */
const MANY_BYTES = 2 ** 20;
