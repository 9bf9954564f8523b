/**
 * Long computations in slices. Everything runs in one thread: what `node:zlib` calls asynchronous too,
 * which in Deno only starts later. So who computes looks at the pace now and then, and where its slice is
 * over lets the others have their turn.
 */

/** What a long computation looks at, at least once in a megabyte. */
export interface Pace {
  /** True if it is time to let others run: await {@link turn}. Costs less than a microsecond. */
  due(): boolean;
  /** Resolves when it is this computation's turn again. */
  turn(): Promise<void>;
}

/** For who computes alone: it never waits. */
export const AT_ONCE: Pace = { due: () => false, turn: () => Promise.resolve() };

/** Bytes that are copied between looks at the pace. */
const COPIED_BYTES = 2 ** 20;

/** `pieces` behind one another, in a buffer of their own. */
export async function copyOf(
  pieces: readonly Uint8Array[],
  pace: Pace,
): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  let look = COPIED_BYTES;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += COPIED_BYTES) {
      const part = piece.subarray(at, at + COPIED_BYTES);
      copy.set(part, end);
      end += part.length;
      if (end < look) continue;
      look = end + COPIED_BYTES;
      if (pace.due()) await pace.turn();
    }
  }
  return copy;
}

/** Milliseconds of one slice. */
const SLICE = 8;

/** Computations in turns of a few milliseconds, each in a task of its own; requests are answered between. */
export class Turns implements Pace {
  #until = 0;
  readonly #waiting: Array<() => void> = [];

  due(): boolean {
    return performance.now() > this.#until;
  }

  /** In the order of asking. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setTimeout(this.#next, 0);
    });
  }

  readonly #next = (): void => {
    this.#until = performance.now() + SLICE;
    this.#waiting[0]();
    this.#waiting.shift();
    if (this.#waiting.length > 0) setTimeout(this.#next, 0);
  };
}
