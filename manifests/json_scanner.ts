/**
 * Finds the parts of a reference set's JSON in a window of bytes, without making strings or objects of
 * them. A file of references is mostly short keys and `["url", offset, length]`; a million of them must
 * not become a million objects, nor the file one string.
 */

import { IndexError } from "../src/errors.ts";

/** What {@link EntryScanner.scanValue} found. */
export type ValueKind = "string" | "object" | "reference" | "other";

/** A part of the window. */
export interface Span {
  /** The place of the first byte in the window. */
  start: number;
  /** One past the last byte. */
  end: number;
  /** True if the string has backslashes. */
  escaped: boolean;
}

/** What every scan gives when the window ends before the part does. */
export const INCOMPLETE: number = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Scans one `"key": value` at a time; its fields describe what was scanned last. */
export class EntryScanner {
  /** The window. */
  bytes: Uint8Array = new Uint8Array(0);
  /** One past the last byte of the window. */
  end = 0;

  /** The key, without its quotes. */
  readonly key: Span = { start: 0, end: 0, escaped: false };
  /** What the value is. */
  kind: ValueKind = "other";
  /** The value: a string without its quotes, anything else with its brackets. */
  readonly value: Span = { start: 0, end: 0, escaped: false };
  /** Of a reference: its URL without quotes. */
  readonly url: Span = { start: 0, end: 0, escaped: false };
  /** Of a reference: true for `null` in the URL's place. */
  urlIsNull = false;
  /** Of a reference: true for `[url]`. */
  isWhole = false;
  /** Of a reference: bytes from the start of the file; NaN if it is not an exact integer ≥ 0. */
  offset = 0;
  /** Of a reference: bytes of the chunk; NaN likewise. */
  length = 0;
  /** Why a value of kind `other` is no reference. */
  fault = "";
  /** True if a `}` came behind the last value. */
  closed = false;

  /** Scans `"key":` and the space around it; returns where the value starts. */
  scanKey(at: number): number {
    at = this.skipSpace(at);
    if (at >= this.end) return INCOMPLETE;
    if (this.bytes[at] !== QUOTE) throw this.malformed(at, "a key in quotes");
    const close = this.#string(at, this.key);
    if (close === INCOMPLETE) return INCOMPLETE;
    at = this.skipSpace(close);
    if (at >= this.end) return INCOMPLETE;
    if (this.bytes[at] !== COLON) throw this.malformed(at, '":"');
    at = this.skipSpace(at + 1);
    return at >= this.end ? INCOMPLETE : at;
  }

  /** Scans the value that starts at `at`; returns where it ends. */
  scanValue(at: number): number {
    const first = this.bytes[at];
    if (first === QUOTE) {
      this.kind = "string";
      return this.#string(at, this.value);
    }
    if (first === OPEN_ARRAY) {
      const end = this.#reference(at);
      if (end === INCOMPLETE) return INCOMPLETE;
      if (end > 0) {
        this.kind = "reference";
        return this.#setValue(at, end);
      }
      this.fault = "it is not [url] or [url, offset, length]";
    } else {
      this.fault = "it is not text, an object or a reference";
    }
    this.kind = first === OPEN_OBJECT ? "object" : "other";
    const end = this.#skipValue(at);
    return end === INCOMPLETE ? INCOMPLETE : this.#setValue(at, end);
  }

  /** Scans the `,` or `}` behind a value; returns the place behind it. */
  scanDelimiter(at: number): number {
    at = this.skipSpace(at);
    if (at >= this.end) return INCOMPLETE;
    this.closed = this.bytes[at] === CLOSE_OBJECT;
    if (!this.closed && this.bytes[at] !== COMMA) throw this.malformed(at, '"," or "}"');
    return at + 1;
  }

  /** The first place from `at` that is not white space. */
  skipSpace(at: number): number {
    const { bytes, end } = this;
    while (
      at < end &&
      (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)
    ) {
      at++;
    }
    return at;
  }

  /** The bytes that a scanned string stands for: a view where it has no escapes. @throws IndexError */
  textBytes(span: Span): Uint8Array {
    if (!span.escaped) return this.bytes.subarray(span.start, span.end);
    const text = this.text(span);
    if (!text.isWellFormed()) throw this.malformed(span.start, "Unicode text");
    return encoder.encode(text);
  }

  /** The text that a scanned string stands for. @throws IndexError */
  text(span: Span): string {
    const raw = decoder.decode(this.bytes.subarray(span.start, span.end));
    if (!span.escaped) return raw;
    try {
      return JSON.parse(`"${raw}"`);
    } catch {
      throw this.malformed(span.start, "a string");
    }
  }

  /** The fault of an index that has something else than `expected` at a place in the window. */
  malformed(at: number, expected: string): IndexError {
    const near = decoder.decode(this.bytes.subarray(at, Math.min(this.end, at + 24)));
    return new IndexError(`Cannot parse the index as JSON: ${expected} is expected`, { near });
  }

  #setValue(start: number, end: number): number {
    this.value.start = start;
    this.value.end = end;
    return end;
  }

  /** Scans the string whose quote is at `at`; returns the place behind its closing quote. */
  #string(at: number, into: Span): number {
    const { bytes, end } = this;
    into.start = at + 1;
    into.escaped = false;
    for (let i = at + 1; i < end; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) {
        into.end = i;
        return i + 1;
      }
      if (byte === BACKSLASH) {
        into.escaped = true;
        i++;
      }
    }
    return INCOMPLETE;
  }

  /** Scans `[url]` or `[url, offset, length]`; 0 if the array is neither. */
  #reference(at: number): number {
    const { bytes } = this;
    at = this.skipSpace(at + 1);
    if (at >= this.end) return INCOMPLETE;
    this.urlIsNull = bytes[at] === 0x6e; // null
    if (this.urlIsNull) {
      if (at + 4 > this.end) return INCOMPLETE;
      if (bytes[at + 1] !== 0x75 || bytes[at + 2] !== 0x6c || bytes[at + 3] !== 0x6c) return 0;
      at += 4;
    } else {
      if (bytes[at] !== QUOTE) return 0;
      at = this.#string(at, this.url);
      if (at === INCOMPLETE) return INCOMPLETE;
    }
    at = this.skipSpace(at);
    if (at >= this.end) return INCOMPLETE;
    this.isWhole = bytes[at] === CLOSE_ARRAY;
    if (this.isWhole) return at + 1;
    if (bytes[at] !== COMMA) return 0;
    const comma = this.#number(at + 1);
    if (comma === INCOMPLETE) return INCOMPLETE;
    if (bytes[comma] !== COMMA) return 0;
    this.offset = this.#figure;
    const close = this.#number(comma + 1);
    if (close === INCOMPLETE) return INCOMPLETE;
    if (bytes[close] !== CLOSE_ARRAY) return 0;
    this.length = this.#figure;
    return close + 1;
  }

  #figure = 0;

  /** Scans an array's element as a figure of bytes; returns the place of the delimiter behind it. */
  #number(at: number): number {
    const { bytes, end } = this;
    at = this.skipSpace(at);
    const start = at;
    let value = 0;
    while (at < end && bytes[at] >= 0x30 && bytes[at] <= 0x39) {
      value = value * 10 + bytes[at++] - 0x30;
    }
    const digits = at - start;
    const isPlain = digits > 0 && digits <= 15 && (digits === 1 || bytes[start] !== 0x30);
    if (at < end && !isPlain || bytes[at] === 0x2e || (bytes[at] | 0x20) === 0x65) {
      // anything longer, signed, quoted or with a fraction: look at its text
      at = bytes[start] === QUOTE || bytes[start] === OPEN_ARRAY || bytes[start] === OPEN_OBJECT
        ? this.#skipValue(start)
        : this.#scalarEnd(start);
      if (at === INCOMPLETE) return INCOMPLETE;
      value = figure(decoder.decode(bytes.subarray(start, at)));
    }
    this.#figure = value;
    at = this.skipSpace(at);
    return at >= end ? INCOMPLETE : at;
  }

  /** The end of any value; brackets inside are counted, not checked. */
  #skipValue(at: number): number {
    const { bytes, end } = this;
    const first = bytes[at];
    if (first === QUOTE) return this.#string(at, { start: 0, end: 0, escaped: false });
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return this.#scalarEnd(at);
    let depth = 0;
    for (let i = at; i < end; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) {
        for (i++; i < end && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return i + 1;
    }
    return INCOMPLETE;
  }

  /** The end of a number or a word. */
  #scalarEnd(at: number): number {
    const { bytes, end } = this;
    const start = at;
    while (at < end && /[\w.+-]/.test(String.fromCharCode(bytes[at]))) at++;
    if (at >= end) return INCOMPLETE;
    if (at === start) throw this.malformed(at, "a value");
    return at;
  }
}

/** A JSON number that is an exact integer ≥ 0, in any spelling (`1024.0`, `1e3`); else NaN. */
function figure(text: string): number {
  if (!/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return NaN;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) return NaN;
  // beyond 2⁵² a double no longer tells a fraction from none
  return /[.eE]/.test(text) && value > 2 ** 52 ? NaN : value;
}
