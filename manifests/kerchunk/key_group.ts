/** The references of a set whose keys are spelled alike. */

import { ReferenceRows } from "../references/reference_rows.ts";

/** The references whose keys have the same base and the same spelling of numbers behind it. */
export class KeyGroup {
  /** Each key's numbers, and what it refers to. */
  readonly rows: ReferenceRows;

  /**
   * No rows yet.
   *
   * @param base what comes before the numbers, with its `/`
   * @param count numbers a row
   * @param slashes as `KeyNumbers.slashes`
   */
  constructor(readonly base: string, readonly count: number, readonly slashes: number) {
    this.rows = new ReferenceRows(count);
  }

  /** True if every separator between numbers `from` and `to` of the key is `separator`. */
  isSeparatedBy(separator: "." | "/", from: number, to: number): boolean {
    for (let i = from; i < to - 1; i++) {
      if (((this.slashes >>> i) & 1) !== (separator === "/" ? 1 : 0)) return false;
    }
    return true;
  }
}
