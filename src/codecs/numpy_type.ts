/** NumPy's names of number types in numcodecs' configurations (`<i2`, `>f4`, `|u1`), and their bytes. */

import type { Json } from "../json.ts";
import type { Elements } from "./codec.ts";

/** A number type with a byte order. */
export interface NumpyType {
  /** What the bits of an element mean. */
  readonly kind: "bool" | "int" | "uint" | "float";
  readonly bytes: 1 | 2 | 4 | 8;
  /** True if the highest byte comes first; false for elements of one byte. */
  readonly bigEndian: boolean;
}

/** True for 64-bit integers, which no double holds. */
export function isWide({ kind, bytes }: NumpyType): boolean {
  return bytes === 8 && (kind === "int" || kind === "uint");
}

const KINDS = { b: "bool", i: "int", u: "uint", f: "float" } as const;
const SIZES: Readonly<Record<NumpyType["kind"], readonly number[]>> = {
  bool: [1],
  int: [1, 2, 4, 8],
  uint: [1, 2, 4, 8],
  float: [2, 4, 8],
};

/** Parses a type by its NumPy code or name; undefined for anything but the numbers of {@link NumpyType}. */
export function parseNumpyType(text: Json | undefined): NumpyType | undefined {
  if (typeof text !== "string") return undefined;
  const code = /^([<>|=])?([biuf])([1248])$/.exec(text);
  const name = /^(int|uint|float)(8|16|32|64)$/.exec(text);
  const kind = code
    ? KINDS[code[2] as keyof typeof KINDS]
    : (name?.[1] ?? (text === "bool" ? "bool" : undefined)) as NumpyType["kind"] | undefined;
  const bytes = code ? Number(code[3]) : name ? Number(name[2]) / 8 : 1;
  if (kind === undefined || !SIZES[kind].includes(bytes)) return undefined;
  return {
    kind,
    bytes: bytes as NumpyType["bytes"],
    bigEndian: bytes > 1 && code?.[1] === ">",
  };
}

/** True if both are the same type in the same byte order. */
export function sameType(a: NumpyType, b: NumpyType): boolean {
  return a.kind === b.kind && a.bytes === b.bytes && a.bigEndian === b.bigEndian;
}

/** What a filter that stores elements as `dtype` leaves for the codecs behind it; nothing changes without. */
export function storedAs(dtype: Json | undefined): Partial<Elements> {
  if (dtype === undefined || dtype === null) return {};
  return {
    dtype: typeof dtype === "string" ? dtype : undefined,
    itemBytes: parseNumpyType(dtype)?.bytes,
  };
}

/** The type that NumPy computes in for operands of types `a` and `b` (`numpy.promote_types`). */
export function promote(a: NumpyType, b: NumpyType): NumpyType {
  const native = (kind: NumpyType["kind"], bytes: number): NumpyType => ({
    kind,
    bytes: bytes as NumpyType["bytes"],
    bigEndian: false,
  });
  if (a.kind === b.kind) return native(a.kind, Math.max(a.bytes, b.bytes));
  if (a.kind === "bool") return native(b.kind, b.bytes);
  if (b.kind === "bool") return native(a.kind, a.bytes);
  if (a.kind === "float" || b.kind === "float") {
    const [float, integer] = a.kind === "float" ? [a, b] : [b, a];
    return native("float", Math.min(8, Math.max(float.bytes, integer.bytes * 2)));
  }
  const [signed, unsigned] = a.kind === "int" ? [a, b] : [b, a];
  if (signed.bytes > unsigned.bytes) return native("int", signed.bytes);
  return unsigned.bytes === 8 ? native("float", 8) : native("int", unsigned.bytes * 2);
}
