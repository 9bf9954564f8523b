/** The fault of a metadata document that says something impossible. */

import { IndexError } from "../errors.ts";
import { type Json, stringifyJson } from "../json.ts";

/**
 * An `index-invalid` fault that names the document and the fault in it.
 *
 * @param where the document, e.g. `.zarray of "a/b"`
 * @param what what is wrong, e.g. `shape[0] is -3`
 */
export function malformed(where: string, what: string, cause?: unknown): IndexError {
  return new IndexError(`Cannot read the ${where}: ${what}`, {}, cause);
}

/** `value` as JSON text, cut to a length that a message can bear. */
export function shown(value: Json | undefined): string {
  if (value === undefined) return "missing";
  const text = stringifyJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
