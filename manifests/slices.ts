/** Long work in short turns, so that other requests are answered in between. */

/** Milliseconds that a turn may take before the event loop has the next one. */
const TURN = 8;

/** Does all of `work`, which yields wherever it may pause. Returns what it returns. */
export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  for (let until = performance.now() + TURN;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() < until) continue;
    await new Promise<void>((resolve) => setTimeout(resolve));
    until = performance.now() + TURN;
  }
}
