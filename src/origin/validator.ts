/** Entity tags and dates: what is asked of an origin about an object's state, and what it answered. */

import type { Validator } from "./source_file.ts";

/** True if `etag` may be used in `If-Match` (RFC 9110 §8.8.3). */
export function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && etag.startsWith('"');
}

/** Adds the headers that make a read fail once the object is no longer the one `validator` describes. */
export function addMustMatch(headers: Record<string, string>, validator: Validator): void {
  if (isStrong(validator.etag)) headers["if-match"] = validator.etag;
  else if (validator.etag === undefined && validator.lastModified !== undefined) {
    headers["if-unmodified-since"] = httpDate(validator.lastModified);
  }
}

/** Adds the headers that make a read answer 304 while the object is the one `validator` describes. */
export function addUnless(headers: Record<string, string>, validator: Validator): void {
  if (validator.etag !== undefined) headers["if-none-match"] = validator.etag;
  else if (validator.lastModified !== undefined) {
    headers["if-modified-since"] = httpDate(validator.lastModified);
  }
}

/** What a response says of its object's state; undefined if it says nothing. */
export function validatorOf(headers: Headers): Validator | undefined {
  const etag = headers.get("etag") ?? undefined;
  const date = headers.get("last-modified");
  const time = date === null ? NaN : Date.parse(date);
  if (etag === undefined && Number.isNaN(time)) return undefined;
  return Number.isNaN(time) ? { etag } : { etag, lastModified: Math.floor(time / 1000) };
}

/**
 * True if an object in state `found` cannot be the one that `expected` describes: another entity tag,
 * or a later modification. What either side does not say proves nothing.
 */
export function hasChanged(expected: Validator, found: Validator | undefined): boolean {
  if (expected.etag !== undefined && found?.etag !== undefined) {
    if (expected.etag === found.etag) return false;
    return opaque(expected.etag) !== opaque(found.etag);
  }
  return expected.lastModified !== undefined && found?.lastModified !== undefined &&
    found.lastModified > expected.lastModified;
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}
