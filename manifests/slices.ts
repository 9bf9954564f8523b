/** Long work in short turns, so that other requests are answered in between. */

/** Milliseconds that a turn may take before the event loop has the next one. */
const TURN = 8;

/** A turn of work that awaits other things, too. */
export class Turn {
  #until = performance.now() + TURN;

  /** True if others should have theirs. */
  get isOver(): boolean {
    return performance.now() >= this.#until;
  }

  /** Lets others have theirs, and begins anew. */
  async pass(): Promise<void> {
    await nextTurn();
    this.#until = performance.now() + TURN;
  }
}

/** Does `work`, which yields wherever it may pause, until it is done or its turn is over. */
export function oneTurn<T>(work: Generator<void, T>): IteratorResult<void, T> {
  for (const until = performance.now() + TURN;;) {
    const result = work.next();
    if (result.done || performance.now() >= until) return result;
  }
}

/** Does all of `work`, which yields wherever it may pause. Returns what it returns. */
export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  for (;;) {
    const { done, value } = oneTurn(work);
    if (done) return value;
    await nextTurn();
  }
}

/** Lets others have their turns. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
