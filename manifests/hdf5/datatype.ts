/** The datatype message: what an element is. Source: HDF5 File Format Specification IV.A.2.d. */

import { IndexError } from "../../src/errors.ts";
import { Cursor, decodeText, type FieldSizes } from "./cursor.ts";

/** How text of a fixed or variable length ends and is written. */
export interface TextForm {
  /** What fills the place behind the text. */
  readonly padding: "null-terminated" | "null-padded" | "space-padded";
  /** True for UTF-8, false for ASCII. */
  readonly utf8: boolean;
}

/** What an element is. `size` is its bytes in the file. */
export type Datatype =
  & { readonly size: number }
  & (
    | {
      readonly class: "integer" | "bitfield";
      readonly bigEndian: boolean;
      readonly signed: boolean;
      /** Where the value's bits start, and how many there are; all, in a usual integer. */
      readonly bitOffset: number;
      readonly precision: number;
    }
    | {
      readonly class: "float";
      readonly bigEndian: boolean;
      /** True for IEEE 754's formats of 2, 4 or 8 bytes. */
      readonly ieee: boolean;
      /** Says of another format what it is. */
      readonly layout: string;
    }
    | { readonly class: "time" }
    | ({ readonly class: "string" } & TextForm)
    | { readonly class: "opaque"; readonly tag: string }
    | { readonly class: "compound"; readonly fields: readonly CompoundField[] }
    | { readonly class: "reference"; readonly kind: "object" | "region" | "other" }
    | {
      readonly class: "enum";
      readonly base: Datatype;
      readonly names: readonly string[];
      /** Each name's value as it is stored. */
      readonly values: readonly Uint8Array[];
    }
    | { readonly class: "vlen"; readonly base: Datatype }
    | ({ readonly class: "vlen-string" } & TextForm)
    | { readonly class: "array"; readonly shape: readonly number[]; readonly base: Datatype }
    | { readonly class: "complex"; readonly base: Datatype }
  );

/** One field of a compound. */
export interface CompoundField {
  /** Its name. */
  readonly name: string;
  /** Bytes from the element's start. */
  readonly offset: number;
  /** What it holds. */
  readonly type: Datatype;
}

const MAX_DEPTH = 16;
const PADDING = ["null-terminated", "null-padded", "space-padded"] as const;

/** Reads the message. @throws IndexError */
export function parseDatatype(data: Uint8Array, sizes: FieldSizes): Datatype {
  return readDatatype(new Cursor(data, sizes), 0);
}

/** Reads a datatype and leaves `cursor` behind it. */
export function readDatatype(cursor: Cursor, depth = 0): Datatype {
  if (depth > MAX_DEPTH) throw new IndexError("A datatype has no end");
  const head = cursor.u8();
  const version = head >> 4;
  if (version < 1 || version > 5) {
    throw new IndexError(`Version ${version} of a datatype is not known`);
  }
  const bits = cursor.uint(3);
  const size = cursor.u32();
  switch (head & 15) {
    case 0:
    case 4: {
      const bitOffset = cursor.u16();
      const precision = cursor.u16();
      return {
        class: (head & 15) === 0 ? "integer" : "bitfield",
        size,
        bigEndian: (bits & 1) !== 0,
        signed: (bits & 8) !== 0,
        bitOffset,
        precision,
      };
    }
    case 1:
      return readFloat(cursor, bits, size);
    case 2:
      cursor.skip(2);
      return { class: "time", size };
    case 3:
      return { class: "string", size, ...textForm(bits) };
    case 5: {
      const tag = cursor.take(bits & 0xff);
      const end = tag.indexOf(0);
      return { class: "opaque", size, tag: decodeText(end < 0 ? tag : tag.subarray(0, end)) };
    }
    case 6:
      return {
        class: "compound",
        size,
        fields: readFields(cursor, version, bits & 0xffff, size, depth),
      };
    case 7: {
      const kind = bits & 15;
      return {
        class: "reference",
        size,
        kind: kind === 0 ? "object" : kind === 1 ? "region" : "other",
      };
    }
    case 8:
      return readEnum(cursor, version, bits & 0xffff, size, depth);
    case 9: {
      const base = readDatatype(cursor, depth + 1);
      const isText = (bits & 15) === 1;
      return isText
        ? { class: "vlen-string", size, ...textForm(bits >> 4) }
        : { class: "vlen", size, base };
    }
    case 10: {
      const rank = cursor.u8();
      if (version < 3) cursor.skip(3);
      const shape = Array.from({ length: rank }, () => cursor.u32());
      if (version < 3) cursor.skip(4 * rank); // permutation
      return { class: "array", size, shape, base: readDatatype(cursor, depth + 1) };
    }
    case 11:
      return { class: "complex", size, base: readDatatype(cursor, depth + 1) };
    default:
      throw new IndexError(`Datatypes of class ${head & 15} are not known`);
  }
}

function textForm(bits: number): TextForm {
  return { padding: PADDING[bits & 15] ?? "null-terminated", utf8: ((bits >> 4) & 15) === 1 };
}

/** The bits of IEEE 754's formats: offset, precision, exponent's place and size, mantissa's, bias. */
const IEEE: Readonly<Record<number, string>> = {
  2: "0 16 10 5 0 10 15",
  4: "0 32 23 8 0 23 127",
  8: "0 64 52 11 0 52 1023",
};

function readFloat(cursor: Cursor, bits: number, size: number): Datatype {
  const offset = cursor.u16();
  const precision = cursor.u16();
  const [exponentAt, exponentBits, mantissaAt, mantissaBits] = cursor.take(4);
  const bias = cursor.u32();
  const layout = [offset, precision, exponentAt, exponentBits, mantissaAt, mantissaBits, bias].join(
    " ",
  );
  const order = (bits & 1) | ((bits >> 5) & 2); // bit 6 is VAX order
  const signAt = (bits >> 8) & 0xff;
  const ieee = IEEE[size] === layout && order < 2 && ((bits >> 4) & 3) === 2 &&
    signAt === 8 * size - 1;
  return {
    class: "float",
    size,
    bigEndian: (bits & 1) !== 0,
    ieee,
    layout: `${precision} bits, ${exponentBits} of exponent`,
  };
}

function readFields(
  cursor: Cursor,
  version: number,
  count: number,
  size: number,
  depth: number,
): CompoundField[] {
  return Array.from({ length: count }, () => {
    const start = cursor.at;
    const name = cursor.text();
    if (version < 3) cursor.align8(start);
    const offset = version < 3 ? cursor.u32() : cursor.uint(bytesFor(size));
    let shape: number[] = [];
    if (version === 1) {
      const rank = cursor.u8();
      cursor.skip(11); // reserved, permutation, reserved
      shape = [...new Array(4)].map(() => cursor.u32()).slice(0, rank);
    }
    const base = readDatatype(cursor, depth + 1);
    const elements = shape.reduce((product, length) => product * length, 1);
    const type: Datatype = shape.length > 0
      ? { class: "array", size: base.size * elements, shape, base }
      : base;
    if (offset + type.size > size) throw new IndexError(`The field "${name}" leaves its compound`);
    return { name, offset, type };
  });
}

/** Bytes that an offset within `size` bytes takes. */
function bytesFor(size: number): number {
  return Math.floor(Math.log2(Math.max(1, size)) / 8) + 1;
}

function readEnum(
  cursor: Cursor,
  version: number,
  count: number,
  size: number,
  depth: number,
): Datatype {
  const base = readDatatype(cursor, depth + 1);
  const names = Array.from({ length: count }, () => {
    const start = cursor.at;
    const name = cursor.text();
    if (version < 3) cursor.align8(start);
    return name;
  });
  const values = names.map(() => cursor.take(base.size));
  return { class: "enum", size, base, names, values };
}
