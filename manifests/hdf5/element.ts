/** HDF5's datatypes as Zarr's: what an element becomes, and its value as JSON. */

import type { Json, JsonObject } from "../../src/json.ts";
import { integerJson } from "../../src/zarr/fill_value.ts";
import type { Codec, DataType } from "../../src/zarr/metadata.ts";
import { decodeText } from "./cursor.ts";
import type { Datatype } from "./datatype.ts";

/** How the elements of a datatype are shown as a Zarr array. */
export interface Element {
  /** The Zarr v3 data type. */
  readonly dataType: DataType;
  /** The codecs that read the stored bytes as elements. */
  readonly codecs: readonly Codec[];
  /** Dimensions that an element has of its own, which follow those of the dataset. */
  readonly shape: readonly number[];
  /** Bytes of one element of `dataType` in the file. */
  readonly itemBytes: number;
  /** What CF says of an enumeration. */
  readonly attributes: JsonObject;
  /** The value of one element at `at`, in Zarr v3's spelling of fill values. */
  value(bytes: DataView, at: number): Json;
}

/** Why a datatype has no Zarr form. */
export interface NoElement {
  /** For `inspect`. */
  readonly reason: string;
}

/** How elements of `type` are shown, or why they are not. Compounds are shown field by field. */
export function elementOf(type: Datatype): Element | NoElement {
  switch (type.class) {
    case "integer":
    case "bitfield":
      return integer(type);
    case "float":
      if (!type.ieee) return { reason: `a floating-point type of ${type.layout} has no Zarr form` };
      return float(type.size, type.bigEndian);
    case "complex":
      return complex(type.base);
    case "compound": {
      const parts = complexParts(type);
      return parts ? complex(parts) : { reason: "a compound inside another type has no Zarr form" };
    }
    case "string":
      return fixedText(type);
    case "opaque":
      return opaque(type.size);
    case "enum":
      return enumeration(type);
    case "array": {
      const base = elementOf(type.base);
      return "reason" in base ? base : { ...base, shape: [...type.shape, ...base.shape] };
    }
    case "vlen-string":
      return { reason: "strings of variable length lie outside of their chunks" };
    case "vlen":
      return { reason: "sequences of variable length have no Zarr form" };
    case "reference":
      return { reason: "references to objects have no Zarr form" };
    case "time":
      return { reason: "HDF5's time type has no Zarr form" };
  }
}

function bytesCodecs(itemBytes: number, bigEndian: boolean): Codec[] {
  return itemBytes === 1
    ? [{ name: "bytes" }]
    : [{ name: "bytes", configuration: { endian: bigEndian ? "big" : "little" } }];
}

type Integer = Extract<Datatype, { class: "integer" | "bitfield" }>;

function integer(type: Integer): Element | NoElement {
  const { size, bigEndian, signed } = type;
  if (![1, 2, 4, 8].includes(size)) {
    return { reason: `integers of ${size} bytes have no Zarr form` };
  }
  const { bitOffset, precision } = type;
  const isWhole = bitOffset === 0 && precision === 8 * size;
  if (precision < 1 || bitOffset + precision > 8 * size) {
    return { reason: `integers of ${precision} bits in ${size} bytes cannot be` };
  }
  return {
    dataType: `${signed ? "int" : "uint"}${8 * size}`,
    codecs: [
      ...bytesCodecs(size, bigEndian),
      ...(isWhole ? [] : [precisionCodec(type)]),
    ],
    shape: [],
    itemBytes: size,
    attributes: {},
    value: (view, at) => integerJson(integerAt(view, at, type)),
  };
}

/** Moves the bits that a number uses to the low end of its bytes. */
function precisionCodec({ size, bitOffset, precision, signed, bigEndian }: Integer): Codec {
  return {
    name: "hdf5.precision",
    configuration: {
      bytes: size,
      offset: bitOffset,
      bits: precision,
      signed,
      endian: bigEndian ? "big" : "little",
    },
  };
}

function integerAt(
  view: DataView,
  at: number,
  { size, bigEndian, signed, bitOffset, precision }: Integer,
): bigint {
  let value = 0n;
  for (let i = 0; i < size; i++) {
    value = value << 8n | BigInt(view.getUint8(at + (bigEndian ? i : size - 1 - i)));
  }
  return (signed ? BigInt.asIntN : BigInt.asUintN)(precision, value >> BigInt(bitOffset));
}

function float(size: number, bigEndian: boolean): Element {
  return {
    dataType: `float${8 * size}`,
    codecs: bytesCodecs(size, bigEndian),
    shape: [],
    itemBytes: size,
    attributes: {},
    value: (view, at) => floatJson(floatAt(view, at, size, !bigEndian)),
  };
}

function floatAt(view: DataView, at: number, size: number, littleEndian: boolean): number {
  if (size === 8) return view.getFloat64(at, littleEndian);
  if (size === 4) return view.getFloat32(at, littleEndian);
  return view.getFloat16(at, littleEndian);
}

function floatJson(value: number): Json {
  return Number.isFinite(value)
    ? value
    : Number.isNaN(value)
    ? "NaN"
    : value > 0
    ? "Infinity"
    : "-Infinity";
}

function complex(base: Datatype): Element | NoElement {
  if (base.class !== "float" || !base.ieee || base.size === 2) {
    return { reason: "complex numbers of this type have no Zarr form" };
  }
  const { size, bigEndian } = base;
  return {
    dataType: `complex${16 * size}`,
    codecs: bytesCodecs(2 * size, bigEndian),
    shape: [],
    itemBytes: 2 * size,
    attributes: {},
    value: (view, at) =>
      [at, at + size].map((part) => floatJson(floatAt(view, part, size, !bigEndian))),
  };
}

/** The type of both parts of a complex number as h5py, PyTables and netCDF4 write it; undefined if it is none. */
export function complexParts(
  { size, fields }: Extract<Datatype, { class: "compound" }>,
): Datatype | undefined {
  if (fields.length !== 2) return undefined;
  const [real, imaginary] = fields;
  const names = `${real.name} ${imaginary.name}`.toLowerCase();
  const isNamed = names === "r i" || names === "re im" || names === "real imag" ||
    names === "_real _imag";
  const isPacked = real.type.class === "float" && real.offset === 0 &&
    imaginary.type.class === "float" && imaginary.offset === real.type.size &&
    imaginary.type.size === real.type.size && size === 2 * real.type.size &&
    imaginary.type.bigEndian === real.type.bigEndian;
  return isNamed && isPacked ? real.type : undefined;
}

/** What NumPy has of text, which ends in NULs: what other writers put behind it is not part of it. */
function fixedText({ size, padding }: Extract<Datatype, { class: "string" }>): Element {
  const isPlain = padding === "null-padded" || padding === "null-terminated" && size === 1;
  return {
    dataType: { name: "null_terminated_bytes", configuration: { length_bytes: size } },
    codecs: [
      { name: "bytes" },
      ...(isPlain ? [] : [{ name: "hdf5.text", configuration: { bytes: size, padding } }]),
    ],
    shape: [],
    itemBytes: size,
    attributes: {},
    value: (view, at) => withoutPadding(bytesAt(view, at, size)).toBase64(),
  };
}

/** What is before the NULs at the end, as NumPy has it. */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

function opaque(size: number): Element {
  return {
    dataType: { name: "raw_bytes", configuration: { length_bytes: size } },
    codecs: [{ name: "bytes" }],
    shape: [],
    itemBytes: size,
    attributes: {},
    value: (view, at) => bytesAt(view, at, size).toBase64(),
  };
}

function bytesAt(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}

function enumeration(type: Extract<Datatype, { class: "enum" }>): Element | NoElement {
  const base = elementOf(type.base);
  if ("reason" in base) return base;
  const values = type.values.map((stored) =>
    base.value(new DataView(stored.buffer, stored.byteOffset, stored.byteLength), 0)
  );
  const isBoolean = type.base.size === 1 && type.names.join() === "FALSE,TRUE" &&
    values.join() === "0,1";
  if (isBoolean) {
    return { ...base, dataType: "bool", value: (view, at) => view.getUint8(at) !== 0 };
  }
  return {
    ...base,
    attributes: {
      flag_values: values,
      flag_meanings: type.names.map((name) => name.replaceAll(" ", "_")).join(" "),
    },
  };
}

/** Text of a fixed length without what fills the place behind it. */
export function fixedTextValue(bytes: Uint8Array, padding: string): string {
  const end = padding === "space-padded" ? -1 : bytes.indexOf(0);
  const text = decodeText(end < 0 ? bytes : bytes.subarray(0, end));
  return padding === "space-padded" ? text.replace(/ +$/, "") : text;
}
