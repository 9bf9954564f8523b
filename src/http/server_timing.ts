/** The `Server-Timing` header: where a request's milliseconds went. */

/** The phases that are reported. */
export type Phase = "index" | "origin" | "codec";

export class Timing {
  readonly #spent: Partial<Record<Phase, number>> = {};

  /** Adds the time from `since` (on the clock of `performance.now()`) until now to `phase`. */
  add(phase: Phase, since: number): void {
    this.#spent[phase] = (this.#spent[phase] ?? 0) + performance.now() - since;
  }

  async measure<T>(phase: Phase, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.add(phase, start);
    }
  }

  /** The header's value, e.g. `index;dur=0.1, origin;dur=12.5`. */
  header(): string {
    return Object.entries(this.#spent)
      .map(([phase, ms]) => `${phase};dur=${Math.round(ms * 10) / 10}`).join(", ");
  }
}
