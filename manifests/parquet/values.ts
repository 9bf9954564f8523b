/** The values in a Parquet page or dictionary. Source: parquet-format `Encodings.md`. */

import { readDeltas } from "./delta.ts";
import { readHybrid } from "./hybrid_run.ts";
import { ENCODING, TYPE } from "./metadata.ts";
import type { Page } from "./page.ts";

/** Byte arrays in one buffer. */
export interface ByteArrays {
  /** What `starts` and `ends` lead into. */
  readonly bytes: Uint8Array;
  /** Where each starts. */
  readonly starts: Uint32Array;
  /** One past the end of each. */
  readonly ends: Uint32Array;
}

/** The dictionary indices of a page's values; undefined if it has the values themselves. */
export function indicesOf({ encoding, bytes, at, count }: Page): Uint32Array | undefined {
  if (encoding !== ENCODING.rleDictionary && encoding !== ENCODING.plainDictionary) {
    return undefined;
  }
  const indices = new Uint32Array(count);
  if (count === 0) return indices;
  const bits = bytes[at];
  if (!(bits <= 32)) throw new RangeError(`A page has indices of ${bits} bits`);
  if (bits > 0) readHybrid(bytes, at + 1, bytes.length, bits, indices);
  return indices;
}

/** The byte arrays of a page that has no dictionary. */
export function byteArraysOf({ encoding, bytes, at, count }: Page, type: number): ByteArrays {
  mustBeBytes(type);
  switch (encoding) {
    case ENCODING.plain:
      return plainByteArrays(bytes, at, count);
    case ENCODING.deltaLengthByteArray: {
      const { values, end } = readDeltas(bytes, at, count);
      return ofLengths(bytes, end, values, count);
    }
    case ENCODING.deltaByteArray:
      return prefixed(bytes, at, count);
  }
  throw unread(encoding);
}

/** The byte arrays of a dictionary: all that there are. */
export function dictionaryByteArrays(bytes: Uint8Array, type: number): ByteArrays {
  mustBeBytes(type);
  const view = viewOf(bytes);
  let count = 0;
  for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at, true)) count++;
  return plainByteArrays(bytes, 0, count);
}

function mustBeBytes(type: number): void {
  if (type !== TYPE.byteArray) throw new RangeError(`A text is of type ${type}`);
}

function plainByteArrays(bytes: Uint8Array, at: number, count: number): ByteArrays {
  if (count * 4 > bytes.length) throw new RangeError("A page has fewer values than it claims");
  const view = viewOf(bytes);
  const [starts, ends] = [new Uint32Array(count), new Uint32Array(count)];
  for (let i = 0; i < count; i++) {
    starts[i] = at + 4;
    at += 4 + view.getUint32(at, true);
    ends[i] = at;
  }
  if (at > bytes.length) throw new RangeError("A page is cut off");
  return { bytes, starts, ends };
}

function ofLengths(
  bytes: Uint8Array,
  at: number,
  lengths: Float64Array,
  count: number,
): ByteArrays {
  if (count > lengths.length) throw new RangeError("A page has fewer values than it claims");
  const [starts, ends] = [new Uint32Array(count), new Uint32Array(count)];
  for (let i = 0; i < count; i++) {
    if (!(lengths[i] >= 0 && at + lengths[i] <= bytes.length)) {
      throw new RangeError("A page is cut off");
    }
    starts[i] = at;
    ends[i] = at += lengths[i];
  }
  return { bytes, starts, ends };
}

/** What a page of byte arrays that share their beginnings may grow to, in bytes. */
const MAX_PREFIXED_BYTES = 2 ** 26;

function prefixed(bytes: Uint8Array, at: number, count: number): ByteArrays {
  const prefixes = readDeltas(bytes, at, count);
  const lengths = readDeltas(bytes, prefixes.end, count);
  const suffixes = ofLengths(bytes, lengths.end, lengths.values, count);
  if (count > prefixes.values.length) {
    throw new RangeError("A page has fewer values than it claims");
  }
  const [starts, ends] = [new Uint32Array(count), new Uint32Array(count)];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const prefix = prefixes.values[i];
    const before = i === 0 ? 0 : ends[i - 1] - starts[i - 1];
    if (!(prefix >= 0 && prefix <= before)) throw new RangeError("A text begins as none before it");
    starts[i] = total;
    ends[i] = total += prefix + suffixes.ends[i] - suffixes.starts[i];
    if (total > MAX_PREFIXED_BYTES) throw new RangeError("A page of texts is too large");
  }
  const whole = new Uint8Array(total);
  for (let i = 0; i < count; i++) {
    const prefix = prefixes.values[i];
    if (prefix > 0) whole.copyWithin(starts[i], starts[i - 1], starts[i - 1] + prefix);
    whole.set(bytes.subarray(suffixes.starts[i], suffixes.ends[i]), starts[i] + prefix);
  }
  return { bytes: whole, starts, ends };
}

/** The numbers of a page that has no dictionary. */
export function numbersOf(page: Page, type: number, isUnsigned: boolean): Float64Array {
  const { encoding, bytes, at, count } = page;
  const values = new Float64Array(count);
  switch (encoding) {
    case ENCODING.plain:
      copyNumbers(bytes, at, type, isUnsigned, values);
      return values;
    case ENCODING.byteStreamSplit:
      copyNumbers(joined(bytes, at, sizeOf(type)), 0, type, isUnsigned, values);
      return values;
    case ENCODING.deltaBinaryPacked: {
      const { values } = readDeltas(bytes, at, count);
      if (values.length < count) throw new RangeError("A page has fewer values than it claims");
      return values;
    }
  }
  throw unread(encoding);
}

/** Bytes of numbers whose first bytes come first, then their second ones, and so on. */
function joined(bytes: Uint8Array, at: number, size: number): Uint8Array {
  const count = Math.floor((bytes.length - at) / size);
  const whole = new Uint8Array(count * size);
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0; i < count; i++) whole[i * size + byte] = bytes[at++];
  }
  return whole;
}

/** Bytes of a number of that Parquet type. */
export function sizeOf(type: number): number {
  return type === TYPE.int64 || type === TYPE.double ? 8 : 4;
}

/** Reads numbers that lie one behind the other from `at`; integers beyond ±2⁵³ as Infinity. */
export function copyNumbers(
  bytes: Uint8Array,
  at: number,
  type: number,
  isUnsigned: boolean,
  into: Float64Array,
): void {
  const view = viewOf(bytes);
  if (at + into.length * sizeOf(type) > bytes.length) throw new RangeError("A page is cut off");
  if (type === TYPE.int64) {
    // as halves, which makes no BigInt; the sign of an unsigned one is too large anyhow
    for (let i = 0; i < into.length; i++, at += 8) {
      const high = view.getInt32(at + 4, true);
      const value = high * 2 ** 32 + view.getUint32(at, true);
      into[i] = high >= 0 ? (high < 2 ** 21 ? value : Infinity) : isUnsigned ? Infinity : value;
    }
  } else if (type === TYPE.int32) {
    for (let i = 0; i < into.length; i++, at += 4) {
      into[i] = isUnsigned ? view.getUint32(at, true) : view.getInt32(at, true);
    }
  } else if (type === TYPE.double) {
    for (let i = 0; i < into.length; i++, at += 8) into[i] = view.getFloat64(at, true);
  } else if (type === TYPE.float) {
    for (let i = 0; i < into.length; i++, at += 4) into[i] = view.getFloat32(at, true);
  } else {
    throw new RangeError(`A number is of type ${type}`);
  }
}

/** All of `bytes`, for reading numbers. */
export function viewOf(bytes: Uint8Array): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

function unread(encoding: number): RangeError {
  return new RangeError(`Parquet's encoding ${encoding} is not read`);
}
