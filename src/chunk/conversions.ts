/**
 * Chunks that are decoded here: within one budget of bytes for the whole process, in order of arrival,
 * each once for all who ask for it at the same time. One that is asked in pieces is kept for a moment.
 */

import type { Budget } from "../budget.ts";
import type { ByteCache } from "../byte_cache.ts";
import { AT_ONCE, type Pace, Turns } from "../codecs/pace.ts";
import { ChunkError, SluiceError } from "../errors.ts";
import type { Answers } from "./answers.ts";

/** Milliseconds for which a chunk that is asked in pieces is kept. */
const MOMENT = 10_000;
/** The part of the cache that one chunk may take. */
const LARGEST = 3 / 4;
/** Milliseconds between looks at the budget where requests may not wake each other, and looks at most. */
const LOOK = 10;
const LOOKS = 3000;

/** What a process decodes with. */
export interface ConversionLimits {
  /** Bytes that are held for decoding at one time. */
  readonly budget: Budget;
  /** Bytes that one chunk may take of it. */
  readonly maxChunkBytes: number;
  /** Where chunks that are asked in pieces are kept; they are not, without it. */
  readonly kept?: ByteCache;
  /** Where what was read and waits to be decoded is counted. */
  readonly answers: Answers;
  /** False where requests may not wait for each other's work (a Worker): they decode one at a time. */
  readonly shared: boolean;
}

/** One chunk to decode. */
export interface Conversion {
  /** Tells its bytes from all others. */
  readonly key: string;
  /** Bytes as they are stored. */
  readonly storedBytes: number;
  /** What decoding holds at most beside those. */
  readonly heldBytes: number;
  /** True if more of it will be asked for soon. */
  readonly inPieces: boolean;
  /** Aborts once the client has left. */
  readonly signal: AbortSignal;
  read(signal: AbortSignal): Promise<Uint8Array>;
  /** Decodes it at that pace. */
  decode(stored: Uint8Array, pace: Pace): Promise<Uint8Array>;
}

interface Running {
  waiting: number;
  readonly leaving: AbortController;
  readonly result: Promise<Uint8Array<ArrayBuffer>>;
}

interface Kept {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

export class Conversions {
  readonly #running = new Map<string, Running>();
  readonly #pace: Pace;
  #started = 0;

  constructor(readonly limits: ConversionLimits) {
    // A Worker's clock stands still while it computes, and it answers one request at a time.
    this.#pace = limits.shared ? new Turns() : AT_ONCE;
  }

  /** Chunks decoded so far, or begun to be. */
  get started(): number {
    return this.#started;
  }

  /** A chunk that is kept. */
  peek(key: string): Uint8Array<ArrayBuffer> | undefined {
    const kept = this.limits.kept?.peek<Kept>(cacheKey(key));
    return kept && kept.until > performance.now() ? kept.bytes : undefined;
  }

  /**
   * What a conversion gives. Others hold it too: nobody may write to it.
   *
   * @throws SluiceError `overloaded`; ChunkError for one over `maxChunkBytes`; what `run` throws
   */
  async convert(conversion: Conversion): Promise<Uint8Array<ArrayBuffer>> {
    const { key, heldBytes, inPieces, signal } = conversion;
    const { maxChunkBytes, kept, shared } = this.limits;
    const known = this.peek(key);
    if (known) return known;
    if (heldBytes > maxChunkBytes) {
      throw new ChunkError(
        `Decoding this chunk takes ${heldBytes} bytes, over the ${maxChunkBytes} of limits.maxChunkBytes`,
      );
    }
    const converted = await (shared ? this.#join(conversion) : this.#run(conversion, signal));
    if (inPieces && kept && converted.length <= kept.maxBytes * LARGEST) {
      const value: Kept = { bytes: converted, until: performance.now() + MOMENT };
      kept.set(cacheKey(key), value, converted.length + key.length * 2);
    }
    return converted;
  }

  /** Waits for the one conversion of the chunk; the last to leave ends it. */
  #join(conversion: Conversion): Promise<Uint8Array<ArrayBuffer>> {
    const { key, signal } = conversion;
    let running = this.#running.get(key);
    if (!running) {
      const leaving = new AbortController();
      const result = this.#run(conversion, leaving.signal).finally(() => {
        if (this.#running.get(key) === running) this.#running.delete(key);
      });
      running = { waiting: 0, leaving, result };
      this.#running.set(key, running);
    }
    const { leaving, result } = running;
    const joined = running;
    joined.waiting++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        if (--joined.waiting === 0) {
          this.#running.delete(key);
          leaving.abort(signal.reason);
        }
        reject(new SluiceError("origin-unavailable", "The read was cancelled"));
      };
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
      result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  async #run(conversion: Conversion, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const read = this.limits.answers.claim(conversion.storedBytes);
    try {
      const stored = await conversion.read(signal);
      const give = await this.#take(conversion.heldBytes, signal);
      this.#started++;
      try {
        if (this.#pace.due()) await this.#pace.turn();
        return await conversion.decode(stored, this.#pace) as Uint8Array<ArrayBuffer>;
      } finally {
        give();
      }
    } finally {
      read();
    }
  }

  async #take(bytes: number, signal: AbortSignal): Promise<() => void> {
    const { budget, shared } = this.limits;
    if (shared) return await budget.take(bytes, signal);
    for (let look = 0; !budget.tryTake(budget.most); look++) {
      if (signal.aborted || look === LOOKS) {
        throw new SluiceError("overloaded", "Too many chunks are being decoded");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return () => budget.give(budget.most);
  }
}

function cacheKey(key: string): string {
  return `converted\n${key}`;
}
