/**
 * The fill value of a Zarr v2 array in the form that v3 gives it.
 *
 * Sources: the Zarr v2 and v3 specifications, "Fill value encoding" and "Fill value"; for what v2
 * writers really write (numbers as text, 0 for any type, one-element arrays), zarr-python's
 * `from_json_scalar` methods and FORMATS 1.5.
 */

import { isRawNumber, type Json, rawNumber, toNumber } from "../json.ts";
import { dataTypeKind, dataTypeName, itemSize, type Kind } from "./data_type.ts";
import type { DataType } from "./metadata.ts";

/** What NetCDF itself puts where nothing was written. Source: `NC_FILL_*` in netcdf.h. */
const NETCDF_FILL: Readonly<Record<string, Json>> = {
  int8: -127,
  uint8: 255,
  int16: -32767,
  uint16: 65535,
  int32: -2147483647,
  uint32: 4294967295,
  int64: integerJson(-9223372036854775806n),
  uint64: integerJson(18446744073709551614n),
};

/** Kinds for which zarr-python 2 writes their empty value as the number 0. */
const ZERO_IS_EMPTY: ReadonlySet<Kind | undefined> = new Set([
  "fixed_text",
  "fixed_bytes",
  "bytes",
  "raw",
  "struct",
]);

/**
 * A v2 `fill_value` as v3 writes it; undefined if it cannot be a value of that data type.
 *
 * null and an absent one give {@link unwrittenValue}.
 */
export function fillValueFromV2(value: Json | undefined, dataType: DataType): Json | undefined {
  const scalar = unwrapped(value);
  if (scalar === null) return unwrittenValue(dataType);
  return toNumber(scalar) === 0 && ZERO_IS_EMPTY.has(dataTypeKind(dataType))
    ? zeroOf(dataType)
    : convert(scalar, dataType);
}

/** True for a v2 `fill_value` that says nothing: absent, null, or a list of one null. */
export function isNullFill(value: Json | undefined): boolean {
  return unwrapped(value) === null;
}

/**
 * The fill value of an array whose source names none: as far from data as the data type allows,
 * because GDAL takes the fill value for nodata, and 0 is data. Booleans have nothing but data. What an
 * absent chunk of such an array holds v2 leaves open; in NetCDF it is that default.
 */
export function unwrittenValue(dataType: DataType): Json {
  switch (dataTypeKind(dataType)) {
    case "int":
    case "uint":
      return NETCDF_FILL[dataTypeName(dataType)];
    case "float":
      return "NaN";
    case "complex":
      return ["NaN", "NaN"];
    default:
      return zeroOf(dataType);
  }
}

/**
 * A float's fill value in a form that no reader takes for an integer: GDAL reads
 * `100000000000000000000` as one, and cuts it to 64 bits.
 */
export function unmistakableFloat(value: Json): Json {
  if (Array.isArray(value)) return value.map(unmistakableFloat);
  const text = isRawNumber(value) ? value.rawJSON : numberText(value);
  return text !== undefined && /^-?\d{16,}$/.test(text)
    ? rawNumber(Number(text).toExponential())
    : value;
}

/** The zero of a data type, in which a v2 reader sees what a null fill value leaves open. */
export function zeroOf(dataType: DataType): Json {
  switch (dataTypeKind(dataType)) {
    case "bool":
      return false;
    case "complex":
      return [0, 0];
    case "time":
      return "NaT";
    case "text":
    case "fixed_text":
    case "bytes":
    case "fixed_bytes":
      return "";
    case "raw":
    case "struct":
      return new Uint8Array(itemSize(dataType) ?? 0).toBase64();
    default:
      return 0;
  }
}

/**
 * The double that a v3 float fill value (a number, `"NaN"`, `"Infinity"`, `"-Infinity"`) stands
 * for, rounded to the data type; undefined if it is none.
 */
export function floatValue(value: Json, dataType: DataType): number | undefined {
  const number = typeof value === "string" ? floatFromText(value) : toNumber(value);
  if (number === undefined) return undefined;
  switch (dataTypeName(dataType)) {
    case "float16":
      return Math.f16round(number);
    case "float32":
    case "complex64":
      return Math.fround(number);
    default:
      return number;
  }
}

/** The spellings of a float that Python's `float()` takes, without its underscores. */
export function floatFromText(text: string): number | undefined {
  const trimmed = text.trim();
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(trimmed);
  if (special) {
    if (special[2].toLowerCase() === "nan") return NaN;
    return special[1] === "-" ? -Infinity : Infinity;
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : undefined;
}

/**
 * The integer that a JSON value stands for, exactly: a number without a fraction, its text, or a
 * boolean; undefined if it is none.
 */
export function integerValue(value: Json): bigint | undefined {
  if (typeof value === "boolean") return value ? 1n : 0n;
  const text = isRawNumber(value)
    ? value.rawJSON
    : typeof value === "number"
    ? String(value)
    : typeof value === "string"
    ? value.trim()
    : "";
  if (/^[+-]?\d{1,40}$/.test(text)) return BigInt(text.replace("+", ""));
  const number = typeof value === "string" ? NaN : toNumber(value) ?? NaN;
  return Number.isInteger(number) ? BigInt(number) : undefined;
}

/** An integer as a JSON number with all its digits. */
export function integerJson(value: bigint): Json {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : rawNumber(value.toString());
}

/** A float as JSON, by its name if it is not finite. */
export function floatJson(value: number): Json {
  return Number.isFinite(value) ? value : String(value);
}

/** A value inside one-element arrays, null if there is none; the pair of a complex number stays a pair. */
function unwrapped(value: Json | undefined): Json {
  let scalar = value;
  while (Array.isArray(scalar) && scalar.length === 1) scalar = scalar[0];
  return scalar ?? null;
}

function convert(value: Json, dataType: DataType): Json | undefined {
  switch (dataTypeKind(dataType)) {
    case "bool":
      return typeof value === "boolean" ? value : numberToBool(value);
    case "int":
    case "uint":
      return convertInteger(value, dataType);
    case "float":
      return convertFloat(value, dataType);
    case "complex": {
      const pair = Array.isArray(value) ? value : [value, 0];
      if (pair.length !== 2) return undefined;
      const [re, im] = pair.map((part) => convertFloat(part, dataType));
      return re === undefined || im === undefined ? undefined : [re, im];
    }
    case "time":
      return convertTime(value);
    case "text":
      if (typeof value === "string") return value;
      return isRawNumber(value) ? value.rawJSON : numberText(value);
    case "fixed_text":
      return typeof value === "string" ? value : undefined;
    case "bytes":
      return convertBytes(value);
    case "fixed_bytes":
      return convertBytes(value, itemSize(dataType));
    case "raw":
    case "struct":
      return convertBytes(value, itemSize(dataType), true);
    default:
      return undefined;
  }
}

function numberText(value: Json): string | undefined {
  return typeof value === "number" ? String(value) : undefined;
}

function numberToBool(value: Json): boolean | undefined {
  const number = toNumber(value);
  return number === undefined ? undefined : number !== 0;
}

function convertInteger(value: Json, dataType: DataType): Json | undefined {
  const integer = integerValue(value);
  if (integer === undefined) return undefined;
  const bits = (itemSize(dataType) ?? 0) * 8;
  const fits = dataTypeKind(dataType) === "int"
    ? BigInt.asIntN(bits, integer)
    : BigInt.asUintN(bits, integer);
  return fits === integer ? integerJson(integer) : undefined;
}

function convertFloat(value: Json, dataType: DataType): Json | undefined {
  const plain = typeof value === "boolean" ? Number(value) : value;
  const number = floatValue(plain, dataType);
  if (number === undefined) return undefined;
  // 1e39 is a number, but as a float32 it is infinite: say so to readers that would refuse it.
  if (!Number.isFinite(number)) return String(number);
  if (typeof plain !== "string") return plain;
  // JSON.stringify loses the sign of a zero
  return Object.is(number, -0) ? rawNumber("-0.0") : Number(plain);
}

function convertTime(value: Json): Json | undefined {
  if (typeof value === "string" && value.toLowerCase() === "nat") return "NaT";
  const integer = typeof value === "boolean" ? undefined : integerValue(value);
  if (integer === undefined || BigInt.asIntN(64, integer) !== integer) return undefined;
  return integer === -(2n ** 63n) ? "NaT" : integerJson(integer);
}

/** Base64 text of at most `size` bytes, padded with NUL to that size if `padded`. */
function convertBytes(value: Json, size?: number, padded = false): string | undefined {
  if (typeof value !== "string") return undefined;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(value);
  } catch {
    return undefined; // not base64: the caller reports the value
  }
  if (size !== undefined && bytes.length > size) return undefined;
  if (!padded || size === undefined || bytes.length === size) return bytes.toBase64();
  const full = new Uint8Array(size);
  full.set(bytes);
  return full.toBase64();
}
