/** One entry of a TIFF directory, and its values. Source: TIFF 6.0, section 2; BigTIFF's design by Aware Systems. */

import { IndexError } from "../../src/errors.ts";

/** Bytes of a value of each type. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1, // BYTE
  2: 1, // ASCII
  3: 2, // SHORT
  4: 4, // LONG
  5: 8, // RATIONAL
  6: 1, // SBYTE
  7: 1, // UNDEFINED
  8: 2, // SSHORT
  9: 4, // SLONG
  10: 8, // SRATIONAL
  11: 4, // FLOAT
  12: 8, // DOUBLE
  13: 4, // IFD
  16: 8, // LONG8
  17: 8, // SLONG8
  18: 8, // IFD8
};

/** Where an entry's values are: in the entry itself, or at an offset of the file. */
export interface Entry {
  /** What it is about. */
  readonly tag: number;
  /** How its values are written: a number of TIFF's. */
  readonly type: number;
  /** Values that it says it has. */
  readonly count: number;
  /** Bytes of one value. */
  readonly valueBytes: number;
  /** The values, where the entry has room for them. */
  readonly inline?: Uint8Array;
  /** Bytes from the start of the file, where it has not. */
  readonly offset: number;
}

/** How a file writes numbers. */
export interface Layout {
  /** True if the lowest byte comes first. */
  readonly littleEndian: boolean;
  /** True for BigTIFF: offsets of eight bytes. */
  readonly big: boolean;
}

/** Bytes of an entry. */
export function entryBytes({ big }: Layout): number {
  return big ? 20 : 12;
}

/** Reads the entry at the start of `bytes`; undefined for a type that is not known, which readers skip. */
export function parseEntry(bytes: Uint8Array, layout: Layout): Entry | undefined {
  const { littleEndian, big } = layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint16(2, littleEndian);
  const valueBytes = TYPE_BYTES[type];
  if (valueBytes === undefined) return undefined;
  const count = big ? readU64(view, 4, littleEndian) : view.getUint32(4, littleEndian);
  const at = big ? 12 : 8;
  const room = big ? 8 : 4;
  const isInline = count * valueBytes <= room;
  return {
    tag: view.getUint16(0, littleEndian),
    type,
    count,
    valueBytes,
    ...(isInline && { inline: bytes.slice(at, at + count * valueBytes) }),
    offset: isInline ? 0 : big ? readU64(view, at, littleEndian) : view.getUint32(at, littleEndian),
  };
}

/** An unsigned number of eight bytes; infinite where no double holds it, which no bound lets pass. */
export function readU64(view: DataView, at: number, littleEndian: boolean): number {
  const value = view.getBigUint64(at, littleEndian);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
}

/** The numbers of an entry of any type but text. @param bytes of whole values */
export function numbersOf(bytes: Uint8Array, type: number, littleEndian: boolean): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = TYPE_BYTES[type];
  const numbers = new Array<number>(Math.floor(bytes.length / size));
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = numberAt(view, i * size, type, littleEndian);
  }
  return numbers;
}

function numberAt(view: DataView, at: number, type: number, little: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, little);
    case 4:
    case 13:
      return view.getUint32(at, little);
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, little);
    case 9:
      return view.getInt32(at, little);
    case 10:
      return view.getInt32(at, little) / view.getInt32(at + 4, little);
    case 11:
      return view.getFloat32(at, little);
    case 12:
      return view.getFloat64(at, little);
    case 16:
    case 18:
      return readU64(view, at, little);
    case 17:
      return Number(view.getBigInt64(at, little));
    default:
      return view.getUint8(at);
  }
}

/** The text of an entry, without the NULs behind it. UTF-8, or Latin-1 as older writers have it. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const text = bytes.subarray(0, end);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    return new TextDecoder("latin1").decode(text);
  }
}

/** What makes a file unreadable, as an error. */
export function malformedTiff(detail: string): IndexError {
  return new IndexError(`The TIFF file is malformed: ${detail}`);
}
