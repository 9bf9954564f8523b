/** Reads the numbers of a codec's configuration. */

import { type Json, toNumber } from "../json.ts";

/** An integer from `least` to `most`; undefined for anything else. */
export function integer(
  value: Json | undefined,
  least = -Infinity,
  most = Infinity,
): number | undefined {
  const number = toNumber(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= least && number <= most
    ? number
    : undefined;
}
