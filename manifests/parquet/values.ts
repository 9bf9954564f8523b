/** The values in a Parquet page or dictionary. Source: parquet-format `Encodings.md`. */

import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { readPlain } from "hyparquet/src/plain.js";
import type { Page } from "./page.ts";

/** The byte arrays of a page; all that there are if `count` is undefined. */
export function byteArrays(
  bytes: Uint8Array,
  type: string | undefined,
  count: number | undefined,
): Uint8Array[] {
  if (type !== "BYTE_ARRAY") throw new RangeError(`A text is of type ${type}`);
  const view = viewOf(bytes);
  let values = count;
  if (values === undefined) {
    values = 0;
    for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at, true)) values++;
  }
  if (values * 4 > bytes.length) throw new RangeError("A page has fewer values than it claims");
  return readPlain({ view, offset: 0 }, type, values, undefined) as Uint8Array[];
}

/** The values of a page that has no dictionary. */
export function plainNumbers(
  page: Page,
  type: string | undefined,
  isUnsigned: boolean,
): Float64Array {
  const values = new Float64Array(page.count);
  if (page.encoding === "PLAIN") {
    copyNumbers(page.bytes, page.at, type, isUnsigned, values);
    return values;
  }
  if (page.encoding !== "DELTA_BINARY_PACKED") throw unread(page.encoding);
  const reader = { view: viewOf(page.bytes), offset: page.at };
  const unpacked = type === "INT32" ? new Int32Array(page.count) : new BigInt64Array(page.count);
  deltaBinaryUnpack(reader, page.count, unpacked);
  copyNumbers(new Uint8Array(unpacked.buffer), 0, type, isUnsigned, values);
  return values;
}

/** Bytes of a number of that Parquet type. */
export function sizeOf(type: string | undefined): number {
  return type === "INT64" || type === "DOUBLE" ? 8 : 4;
}

/** Reads numbers that lie one behind the other from `at`; integers beyond ±2⁵³ as Infinity. */
export function copyNumbers(
  bytes: Uint8Array,
  at: number,
  type: string | undefined,
  isUnsigned: boolean,
  into: Float64Array,
): void {
  const view = viewOf(bytes);
  if (at + into.length * sizeOf(type) > bytes.length) throw new RangeError("A page is cut off");
  if (type === "INT64") {
    // as halves, which makes no BigInt; the sign of an unsigned one is too large anyhow
    for (let i = 0; i < into.length; i++, at += 8) {
      const high = view.getInt32(at + 4, true);
      const value = high * 2 ** 32 + view.getUint32(at, true);
      into[i] = high >= 0 ? (high < 2 ** 21 ? value : Infinity) : isUnsigned ? Infinity : value;
    }
  } else if (type === "INT32") {
    for (let i = 0; i < into.length; i++, at += 4) {
      into[i] = isUnsigned ? view.getUint32(at, true) : view.getInt32(at, true);
    }
  } else if (type === "DOUBLE") {
    for (let i = 0; i < into.length; i++, at += 8) into[i] = view.getFloat64(at, true);
  } else if (type === "FLOAT") {
    for (let i = 0; i < into.length; i++, at += 4) into[i] = view.getFloat32(at, true);
  } else {
    throw new RangeError(`A number is of type ${type}`);
  }
}

/** All of `bytes`, for reading numbers. */
export function viewOf(bytes: Uint8Array): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

/** The fault of values in an encoding that no writer of references uses. */
export function unread(encoding: string): RangeError {
  return new RangeError(`Parquet's encoding ${encoding} is not read`);
}
