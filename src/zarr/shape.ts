/** Shapes in metadata documents. */

import { type Json, toNumber } from "../json.ts";
import { malformed, shown } from "./malformed.ts";

/** NumPy's own limit is 64. */
const MAX_RANK = 1024;

/**
 * A list of lengths in elements: safe integers ≥ 0.
 *
 * @param member the member of the document that holds it, for messages
 * @param where the document, for messages
 * @throws IndexError
 */
export function parseShape(value: Json | undefined, member: string, where: string): number[] {
  if (!Array.isArray(value)) throw malformed(where, `${member} is ${shown(value)}`);
  if (value.length > MAX_RANK) throw malformed(where, `${member} has ${value.length} dimensions`);
  return value.map((item: Json, index) => {
    const length = toNumber(item);
    if (length === undefined || !Number.isSafeInteger(length) || length < 0) {
      throw malformed(where, `${member}[${index}] is ${shown(item)}`);
    }
    return length;
  });
}

/**
 * The shape of a chunk, in elements, each at least 1: writers give a dimension of length 0 chunks of
 * length 0, and no chunk of such an array is stored.
 *
 * @param itemBytes bytes of an element
 * @throws IndexError if it is none, has another rank than `shape`, or is over 2⁵³ bytes
 */
export function parseChunkShape(
  value: Json | undefined,
  shape: readonly number[],
  itemBytes: number,
  member: string,
  where: string,
): number[] {
  const chunk = parseShape(value, member, where).map((length) => Math.max(1, length));
  if (chunk.length !== shape.length) {
    throw malformed(where, `${member} has ${chunk.length} dimensions, shape has ${shape.length}`);
  }
  const bytes = chunk.reduce((product, length) => product * length, itemBytes);
  if (bytes > Number.MAX_SAFE_INTEGER) {
    throw malformed(where, `${member} ${shown(value)} makes chunks of over 2^53 bytes`);
  }
  return chunk;
}
