/** Advice about a misspelled name. */

import { closestMatch } from "leven";

/** `; did you mean "…"?` where one of `names` is near to `wrong`, else the names themselves. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const near = closestMatch(wrong, names, { maxDistance: Math.max(2, wrong.length >> 2) });
  return near === undefined ? `; there are ${names.join(", ")}` : `; did you mean "${near}"?`;
}
