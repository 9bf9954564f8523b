/** Index files that are read whole. */

import { IndexError } from "../src/errors.ts";
import type { OriginBody } from "../src/origin/origin.ts";

/**
 * All bytes of an index file.
 *
 * @param maxBytes that may be read at once
 * @param advice what to do about a larger one
 * @throws IndexError `index-too-large`; OriginError
 */
export async function wholeFile(
  body: OriginBody,
  maxBytes: number,
  advice: string,
): Promise<Uint8Array> {
  const length = body.length ?? body.objectLength;
  if (length === undefined || length <= maxBytes) return await body.bytes(maxBytes);
  await body.cancel();
  throw new IndexError(
    `A file of the index has ${length} bytes; this server reads at most ${maxBytes}. ${advice}`,
    {},
    undefined,
    "index-too-large",
  );
}
