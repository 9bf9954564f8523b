/**
 * The data types of Zarr v3: their kind and size, and their Zarr v2 (NumPy) names.
 *
 * Sources: the Zarr v3 core specification, "Data types"; the zarr-extensions registry; for the
 * names in `numpy.` and the fixed-length strings, zarr-python's `zarr.core.dtype`.
 */

import type { DataType } from "./metadata.ts";

/** What the elements of a data type are; it decides how a fill value is written. */
export type Kind =
  | "bool"
  | "int"
  | "uint"
  | "float"
  | "complex"
  /** `numpy.datetime64` and `numpy.timedelta64`: int64 counts of a unit. */
  | "time"
  /** UTF-8 text of any length (`string`). */
  | "text"
  /** Bytes of any length (`variable_length_bytes`). */
  | "bytes"
  /** NumPy `S`: bytes padded with NUL. */
  | "fixed_bytes"
  /** NumPy `U`: UTF-32 padded with NUL. */
  | "fixed_text"
  /** Bytes without a meaning (`r64`, `raw_bytes`). */
  | "raw"
  | "struct"
  /** A registered number format that no v2 library has (`bfloat16`, `int4`, …). */
  | "other";

interface Entry {
  readonly kind: Kind;
  /** Bytes of an element in the `bytes` codec; undefined where they vary. */
  readonly itemSize?: number;
  /** NumPy kind and size, without the byte order (`i2`). */
  readonly numpy?: string;
}

/** Data types whose name says everything. */
const BY_NAME: Readonly<Record<string, Entry>> = {
  bool: { kind: "bool", itemSize: 1, numpy: "b1" },
  int8: { kind: "int", itemSize: 1, numpy: "i1" },
  int16: { kind: "int", itemSize: 2, numpy: "i2" },
  int32: { kind: "int", itemSize: 4, numpy: "i4" },
  int64: { kind: "int", itemSize: 8, numpy: "i8" },
  uint8: { kind: "uint", itemSize: 1, numpy: "u1" },
  uint16: { kind: "uint", itemSize: 2, numpy: "u2" },
  uint32: { kind: "uint", itemSize: 4, numpy: "u4" },
  uint64: { kind: "uint", itemSize: 8, numpy: "u8" },
  float16: { kind: "float", itemSize: 2, numpy: "f2" },
  float32: { kind: "float", itemSize: 4, numpy: "f4" },
  float64: { kind: "float", itemSize: 8, numpy: "f8" },
  complex64: { kind: "complex", itemSize: 8, numpy: "c8" },
  complex128: { kind: "complex", itemSize: 16, numpy: "c16" },
  "numpy.datetime64": { kind: "time", itemSize: 8 },
  "numpy.timedelta64": { kind: "time", itemSize: 8 },
  string: { kind: "text" },
  bytes: { kind: "bytes" },
  variable_length_bytes: { kind: "bytes" },
  bfloat16: { kind: "other", itemSize: 2 },
  complex_float16: { kind: "other", itemSize: 4 },
  complex_bfloat16: { kind: "other", itemSize: 4 },
  int2: { kind: "other", itemSize: 1 },
  int4: { kind: "other", itemSize: 1 },
  uint2: { kind: "other", itemSize: 1 },
  uint4: { kind: "other", itemSize: 1 },
  float4_e2m1fn: { kind: "other", itemSize: 1 },
  float6_e2m3fn: { kind: "other", itemSize: 1 },
  float6_e3m2fn: { kind: "other", itemSize: 1 },
  float8_e3m4: { kind: "other", itemSize: 1 },
  float8_e4m3: { kind: "other", itemSize: 1 },
  float8_e4m3b11fnuz: { kind: "other", itemSize: 1 },
  float8_e4m3fn: { kind: "other", itemSize: 1 },
  float8_e4m3fnuz: { kind: "other", itemSize: 1 },
  float8_e5m2: { kind: "other", itemSize: 1 },
  float8_e5m2fnuz: { kind: "other", itemSize: 1 },
  float8_e8m0fnu: { kind: "other", itemSize: 1 },
};

/** Data types whose size is their `length_bytes`. */
const BY_LENGTH: Readonly<Record<string, Kind>> = {
  null_terminated_bytes: "fixed_bytes",
  fixed_length_utf32: "fixed_text",
  raw_bytes: "raw",
};

/** The name of a data type, without its configuration. */
export function dataTypeName(dataType: DataType): string {
  return typeof dataType === "string" ? dataType : dataType.name;
}

/** The kind of a data type; undefined if it is not known here. */
export function dataTypeKind(dataType: DataType): Kind | undefined {
  const name = dataTypeName(dataType);
  if (name === "struct" || name === "structured") return "struct";
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name].kind;
  if (Object.hasOwn(BY_LENGTH, name)) return BY_LENGTH[name];
  return /^r\d+$/.test(name) ? "raw" : undefined;
}

/**
 * Bytes of one element as the `bytes` codec writes it; undefined for elements of variable length
 * and for data types that are not known here.
 */
export function itemSize(dataType: DataType): number | undefined {
  const name = dataTypeName(dataType);
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name].itemSize;
  const configuration = typeof dataType === "string" ? undefined : dataType.configuration;
  if (Object.hasOwn(BY_LENGTH, name)) {
    const length = configuration?.length_bytes;
    return typeof length === "number" && Number.isSafeInteger(length) && length > 0
      ? length
      : undefined;
  }
  if (name === "struct" || name === "structured") {
    return structFields(dataType)?.reduce<number | undefined>((total, field) => {
      const size = itemSize(field.dataType);
      return total === undefined || size === undefined ? undefined : total + size;
    }, 0);
  }
  const raw = /^r(\d{1,12})$/.exec(name);
  const bits = raw ? Number(raw[1]) : 0;
  return bits > 0 && bits % 8 === 0 ? bits / 8 : undefined;
}

interface StructField {
  readonly name: string;
  readonly dataType: DataType;
}

/**
 * The fields of a `struct` (fields as objects) or `structured` (fields as pairs) data type;
 * undefined if it is another, or malformed.
 */
function structFields(dataType: DataType): StructField[] | undefined {
  if (typeof dataType === "string") return undefined;
  const fields: unknown = dataType.configuration?.fields;
  if (!Array.isArray(fields)) return undefined;
  const parsed = fields.map((field: unknown): StructField | undefined => {
    const [name, type] = Array.isArray(field)
      ? field
      : [(field as Record<string, unknown>)?.name, (field as Record<string, unknown>)?.data_type];
    const named = typeof type === "string" ||
      typeof (type as { name?: unknown } | null)?.name === "string";
    return typeof name === "string" && named ? { name, dataType: type as DataType } : undefined;
  });
  return parsed.every((field) => field !== undefined) ? parsed : undefined;
}

/** The core data type of a NumPy kind and size (`i2`), or of its own name (`int16`). */
export function coreDataType(numpy: string): string | undefined {
  return Object.keys(BY_NAME).find((name) =>
    BY_NAME[name].numpy !== undefined && (BY_NAME[name].numpy === numpy || name === numpy)
  );
}

/**
 * The Zarr v2 `dtype` of a data type whose `bytes` codec has that byte order; undefined if v2 has
 * none. Elements of variable length are `|O`, to go with their filter.
 */
export function numpyName(dataType: DataType, endian: "little" | "big"): string | undefined {
  const name = dataTypeName(dataType);
  const order = endian === "big" ? ">" : "<";
  const size = itemSize(dataType);
  switch (dataTypeKind(dataType)) {
    case "text":
    case "bytes":
      return "|O";
    case "fixed_bytes":
      return size === undefined ? undefined : `|S${size}`;
    case "raw":
      return size === undefined ? undefined : `|V${size}`;
    case "fixed_text":
      return size === undefined || size % 4 !== 0 ? undefined : `${order}U${size / 4}`;
    case "time": {
      const letter = name === "numpy.datetime64" ? "M" : "m";
      const { unit, scale_factor: scale } =
        (typeof dataType === "string" ? undefined : dataType.configuration) ?? {};
      if (typeof unit !== "string") return undefined;
      if (unit === "generic") return `${order}${letter}8`;
      return `${order}${letter}8[${scale === undefined || scale === 1 ? "" : scale}${unit}]`;
    }
    default: {
      const numpy = BY_NAME[name]?.numpy;
      return numpy && `${size === 1 ? "|" : order}${numpy}`;
    }
  }
}
