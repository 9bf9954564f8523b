/**
 * The attributes by which xarray masks missing cells, from the form they have beside Zarr v2 to the
 * form they must have beside v3.
 *
 * xarray masks a v2 array by its `fill_value`, but a v3 array only by the attribute `_FillValue`,
 * and that in an encoding of its own (fill_value_attribute.ts). What `_FillValue` cannot say goes into
 * `missing_value`, which xarray takes as it stands. The aim: decoded, the v3 array has the mask and
 * the dtype that xarray gives the v2 array.
 */

import { dataTypeKind, itemSize } from "../data_type.ts";
import { floatFromText, integerJson, integerValue } from "../fill_value.ts";
import { isObject, type Json, type JsonObject, rawNumber, toNumber } from "../../json.ts";
import type { DataType } from "../metadata.ts";
import { encodeDouble, encodeFillValue } from "./fill_value_attribute.ts";

/**
 * `attributes` of a v2 array with `_FillValue` and `missing_value` as v3 needs them.
 *
 * @param fill the array's fill value in v3 form if its v2 `fill_value` is not null; it wins over an
 *   existing `_FillValue` attribute, as xarray has it for v2
 */
export function missingValuesFromV2(
  attributes: JsonObject,
  fill: Json | undefined,
  dataType: DataType,
): JsonObject {
  const kind = dataTypeKind(dataType);
  const { _FillValue: attribute, missing_value: missing, ...rest } = attributes;
  // xarray does not mask datetime64 and timedelta64 by attributes, and fails on their _FillValue.
  if (kind === "time") return withMissing(rest, missing);
  const numeric = kind === "bool" || kind === "int" || kind === "uint" || kind === "float" ||
    kind === "complex";
  if (!numeric) {
    // Text has no _FillValue beside v3. Bytes cannot be named in JSON, so their mask is lost.
    const text = kind === "text" || kind === "fixed_text" ? fill : undefined;
    const extra = fill === undefined ? scalars(attribute) : text === undefined ? [] : [text];
    if (extra.length === 0) return withMissing(rest, missing);
    const values = [...scalars(missing), ...extra];
    return withMissing(rest, values.length === 1 ? values[0] : values);
  }

  let encoded = fill === undefined ? undefined : encodeFillValue(fill, dataType);
  const spare: Json[] = [];
  const named = fill === undefined ? scalars(attribute) : [];
  for (const value of named.filter((value) => !isNaNValue(value))) {
    const code = encoded === undefined ? encodeScalar(value, dataType) : undefined;
    if (code === undefined) spare.push(value);
    else encoded = code;
  }

  const listed = scalars(missing);
  let kept: Json | undefined = missing;
  if (spare.length > 0 || listed.some((value) => nonFinite(value) !== undefined)) {
    // As the string "NaN" it would turn integers into floats; "Infinity" would mask nothing.
    const values = [...listed, ...spare].filter((value) => !isNaNValue(value));
    const infinite = values.findIndex((value) => nonFinite(value) !== undefined);
    if (encoded === undefined && kind === "float" && infinite >= 0) {
      encoded = encodeScalar(values.splice(infinite, 1)[0], dataType);
    }
    kept = numericList(values);
  }
  // NaN masks nothing that is not NaN already, but by it xarray chooses the dtype of scaled floats.
  // (A null is no fill value at all to it.)
  const values = [...named, ...listed].filter((value) => value !== null);
  if (encoded === undefined && kind === "float" && values.some(isNaNValue)) {
    encoded = encodeDouble(NaN);
  }
  return withMissing(
    encoded === undefined
      ? rest
      : { ...rest, _FillValue: asSigned(encoded, rest._Unsigned, dataType) },
    kept,
  );
}

/**
 * A value of a v2 `_FillValue` attribute as v3 encodes it; undefined if it has to stay as it is.
 * Floats are not rounded to the data type: xarray compares them as float64.
 */
function encodeScalar(value: Json, dataType: DataType): Json | undefined {
  const kind = dataTypeKind(dataType);
  if (kind === "bool") {
    const integer = typeof value === "string" ? undefined : integerValue(value);
    return integer === 0n ? false : integer === 1n ? true : undefined;
  }
  if (kind === "int" || kind === "uint") {
    const integer = typeof value === "string" ? undefined : integerValue(value);
    return integer === undefined ? undefined : integerJson(integer);
  }
  const number = nonFinite(value) ?? (typeof value === "boolean" ? Number(value) : toNumber(value));
  if (number === undefined) return undefined;
  const encoded = encodeDouble(number);
  return kind === "complex" ? [encoded, encodeDouble(0)] : encoded;
}

/** The values that `numpy.ravel` gives of an attribute. */
function scalars(value: Json | undefined): Json[] {
  if (value === undefined || isObject(value)) return [];
  return Array.isArray(value) ? value.flatMap(scalars) : [value];
}

/** The number if `value` is NaN or infinite, spelled or overflown; null counts as NaN. */
function nonFinite(value: Json): number | undefined {
  if (value === null) return NaN;
  const number = typeof value === "string" ? floatFromText(value) : toNumber(value);
  if (number === undefined || Number.isFinite(number)) return undefined;
  // "1e400" in quotes is text; only the names are what a parser makes of bare NaN and Infinity.
  return typeof value === "string" && /\d/.test(value) ? undefined : number;
}

function isNaNValue(value: Json): boolean {
  return Number.isNaN(nonFinite(value) ?? 0);
}

/** A `missing_value` of these numbers; text only where there is no number. */
function numericList(values: readonly Json[]): Json | undefined {
  const spelled = values.map((value) => {
    const number = nonFinite(value);
    // An overflowing literal is how JSON writes an infinity that is still a number.
    return number === undefined ? value : rawNumber(number > 0 ? "1e999" : "-1e999");
  });
  // numpy.ravel makes text of numbers beside text, which then equals no number.
  const numbers = spelled.filter((value) => typeof value !== "string");
  const kept = numbers.length > 0 ? numbers : spelled;
  return kept.length <= 1 ? kept[0] : kept;
}

function withMissing(attributes: JsonObject, missing: Json | undefined): JsonObject {
  return missing === undefined ? attributes : { ...attributes, missing_value: missing };
}

/**
 * With `_Unsigned`, xarray converts the fill value through the signed type and fails on one that
 * overflows it; its two's complement is the same bytes.
 */
function asSigned(fill: Json, unsigned: Json | undefined, dataType: DataType): Json {
  const kind = dataTypeKind(dataType);
  const applies = (kind === "int" && unsigned === "true") ||
    (kind === "uint" && unsigned === "false");
  const value = applies ? integerValue(fill) : undefined;
  const bits = (itemSize(dataType) ?? 0) * 8;
  return value !== undefined && value >= 0n && value < 2n ** BigInt(bits)
    ? integerJson(BigInt.asIntN(bits, value))
    : fill;
}
