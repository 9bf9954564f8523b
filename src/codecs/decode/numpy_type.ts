/** NumPy's names of number types in numcodecs' configurations (`<i2`, `>f4`, `|u1`), and their bytes. */

import type { Json } from "../../json.ts";

/** A number type with a byte order. */
export interface NumpyType {
  /** What the bits of an element mean. */
  readonly kind: "bool" | "int" | "uint" | "float";
  /** Bytes of an element. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** True if the highest byte comes first; false for elements of one byte. */
  readonly bigEndian: boolean;
}

/** Elements in the machine's byte order; booleans are bytes. */
export type Elements =
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

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

/** An array of `length` zeros of `type`. */
export function allocate(type: NumpyType, length: number): Elements {
  return view(type, new ArrayBuffer(length * type.bytes));
}

/** The elements in `bytes`, whose length must be a multiple of the type's. Never a view of `bytes`. */
export function readElements(bytes: Uint8Array, type: NumpyType): Elements {
  const copy = new Uint8Array(bytes);
  if (type.bigEndian) reverseEach(copy, type.bytes);
  return view(type, copy.buffer);
}

/** The bytes of `elements` in the type's byte order. `elements` is used up. */
export function writeElements(elements: Elements, type: NumpyType): Uint8Array {
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  if (type.bigEndian) reverseEach(bytes, type.bytes);
  return bytes;
}

// Deno's and workerd's machines are little-endian.
function reverseEach(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

function view({ kind, bytes }: NumpyType, buffer: ArrayBuffer): Elements {
  switch (kind) {
    case "bool":
      return new Uint8Array(buffer);
    case "int":
      return bytes === 1
        ? new Int8Array(buffer)
        : bytes === 2
        ? new Int16Array(buffer)
        : bytes === 4
        ? new Int32Array(buffer)
        : new BigInt64Array(buffer);
    case "uint":
      return bytes === 1
        ? new Uint8Array(buffer)
        : bytes === 2
        ? new Uint16Array(buffer)
        : bytes === 4
        ? new Uint32Array(buffer)
        : new BigUint64Array(buffer);
    case "float":
      return bytes === 2
        ? new Float16Array(buffer)
        : bytes === 4
        ? new Float32Array(buffer)
        : new Float64Array(buffer);
  }
}
