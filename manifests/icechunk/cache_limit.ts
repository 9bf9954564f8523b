/** What the cache can hold. */

import { IndexError } from "../../src/errors.ts";

/**
 * Refuses what weighs more than a whole cache: it would be read again for every chunk.
 *
 * @throws IndexError `index-too-large`
 */
export function mustFitCache(path: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new IndexError(
    `${path} takes ${bytes} bytes, over the ${maxBytes} of limits.indexCacheBytes`,
    { path },
    undefined,
    "index-too-large",
  );
}
