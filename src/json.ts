/**
 * JSON without losses: numbers keep the digits they were written with, so that 64-bit fill values,
 * `1.0` against `1`, and NumPy's floats survive from the index to the client.
 */

/** A number whose text JavaScript would not write the same (`1.0`, `18446744073709551615`). */
export interface RawNumber {
  /** The number's text. */
  readonly rawJSON: string;
}

/** A JSON value as {@link parseJson} gives it. */
export type Json = null | boolean | number | string | RawNumber | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  /** Any member. */
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

/** Nesting beyond this is no metadata, and would exhaust the stack of every recursive reader. */
const MAX_DEPTH = 500;

/**
 * Parses JSON text. Bare `NaN`, `Infinity` and `-Infinity`, which Python writes, become those
 * strings; numbers that JavaScript would rewrite (`1.0`, `-0`, 2⁶⁴, `1E400`) become
 * {@link RawNumber}. Of repeated names the last counts.
 *
 * @throws SyntaxError also if it is nested over 500 deep
 */
export function parseJson(text: string): Json {
  const { strict, exact } = scan(text);
  if (!exact) return JSON.parse(strict);
  return lossless.parse(
    strict,
    (_key, value, context) =>
      typeof value === "number" && String(value) !== context.source
        ? lossless.rawJSON(context.source)
        : value,
  ) as Json;
}

/**
 * One pass over the text, by character because a regular expression exhausts its stack on long
 * strings: puts bare NaN and Infinity in quotes, and finds out if any number may need its digits
 * kept (`exact`), since without that need parsing is five times as fast.
 */
function scan(text: string): { strict: string; exact: boolean } {
  const pieces: string[] = [];
  let copied = 0;
  let exact = false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22 /* " */) {
      i = stringEnd(text, i);
    } else if (char === 0x2d /* - */ || (char >= 0x30 && char <= 0x39)) {
      const end = numberEnd(text, i);
      if (char === 0x2d && text.startsWith("Infinity", i + 1)) {
        pieces.push(text.slice(copied, i), '"-Infinity"');
        copied = i + 9;
        i += 8;
      } else {
        exact ||= end - i > 15 || text[end - 1] === "0" && text[end - 2] === "-" ||
          /[.eE]/.test(text.slice(i, end));
        i = end - 1;
      }
    } else if (char === 0x4e /* N */ && text.startsWith("NaN", i)) {
      pieces.push(text.slice(copied, i), '"NaN"');
      copied = i + 3;
      i += 2;
    } else if (char === 0x49 /* I */ && text.startsWith("Infinity", i)) {
      pieces.push(text.slice(copied, i), '"Infinity"');
      copied = i + 8;
      i += 7;
    } else if (char === 0x5b || char === 0x7b /* [ { */) {
      if (++depth > MAX_DEPTH) throw new SyntaxError(`JSON is nested over ${MAX_DEPTH} deep`);
    } else if (char === 0x5d || char === 0x7d /* ] } */) {
      depth--;
    }
  }
  return { strict: copied === 0 ? text : pieces.join("") + text.slice(copied), exact };
}

/** Index of the quote that ends the string that starts at `start`; the text's end if there is none. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x5c /* \ */) i++;
    else if (char === 0x22) return i;
  }
  return text.length;
}

/** Index behind the number that starts at `start`. */
function numberEnd(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const char = text.charCodeAt(i);
    const part = (char >= 0x30 && char <= 0x39) || char === 0x2e || char === 0x2b ||
      char === 0x2d || char === 0x65 || char === 0x45;
    if (!part) break;
  }
  return i;
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

/**
 * `value` as a JavaScript number, digits beyond a double lost, infinite if it is beyond a double's
 * range; undefined if it is not a number.
 */
export function toNumber(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  return isRawNumber(value) ? Number(value.rawJSON) : undefined;
}
