/**
 * JSON without losses: numbers keep the digits they were written with, so that 64-bit fill values,
 * `1.0` against `1`, and NumPy's floats survive from the index to the client.
 */

/** A number whose text JavaScript would not write the same (`1.0`, `18446744073709551615`). */
export interface RawNumber {
  readonly rawJSON: string;
}

/** A JSON value as {@link parseJson} gives it. */
export type Json = null | boolean | number | string | RawNumber | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

// JSON.rawJSON and the reviver's context are in V8 (Deno, workerd); TypeScript's library lacks them.
interface LosslessJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source: string }) => unknown,
  ): unknown;
}
const lossless = JSON as unknown as LosslessJson;

const BARE = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/gs;

/**
 * Parses JSON text. Bare `NaN`, `Infinity` and `-Infinity`, which Python writes, become those
 * strings; numbers that JavaScript would rewrite become {@link RawNumber}.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): Json {
  const strict = !/NaN|Infinity/.test(text)
    ? text
    : text.replace(BARE, (token) => token[0] === '"' ? token : `"${token}"`);
  return lossless.parse(
    strict,
    (_key, value, context) =>
      typeof value === "number" && String(value) !== context.source
        ? lossless.rawJSON(context.source)
        : value,
  ) as Json;
}

/** Writes JSON text; non-finite numbers become the strings that Zarr v3 gives them. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item) =>
      typeof item === "bigint"
        ? lossless.rawJSON(item.toString())
        : typeof item === "number" && !Number.isFinite(item)
        ? String(item)
        : item,
    indent,
  );
}

/** True if `value` is a number whose digits are kept. */
export function isRawNumber(value: unknown): value is RawNumber {
  return lossless.isRawJSON(value);
}

/** The number that `text` writes, digits kept. @throws SyntaxError */
export function rawNumber(text: string): RawNumber {
  return lossless.rawJSON(text);
}

/** True if `value` is a JSON object (not an array, not a {@link RawNumber}). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !lossless.isRawJSON(value);
}

/** `value` as a JavaScript number, digits beyond a double lost; undefined if it is not a number. */
export function toNumber(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  return isRawNumber(value) ? Number(value.rawJSON) : undefined;
}
