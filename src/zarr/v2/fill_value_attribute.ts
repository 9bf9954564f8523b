/**
 * The attribute `_FillValue` as xarray spells it beside Zarr v3: floats as base64 of 8 little-endian
 * float64 bytes, complex numbers as a pair of those, integers and booleans plainly, other data types
 * not at all. Source: `FillValueCoder` in `xarray/backends/zarr.py`.
 */

import { type Json, toNumber } from "../../json.ts";
import { dataTypeKind } from "../data_type.ts";
import { floatJson, floatValue } from "../fill_value.ts";
import type { DataType } from "../metadata.ts";

/** A v3 fill value as xarray's `_FillValue` attribute; undefined if xarray has none for it. */
export function encodeFillValue(fill: Json, dataType: DataType): Json | undefined {
  switch (dataTypeKind(dataType)) {
    case "bool":
    case "int":
    case "uint":
      return fill;
    case "float": {
      const value = floatValue(fill, dataType);
      return value === undefined ? undefined : encodeDouble(value);
    }
    case "complex": {
      if (!Array.isArray(fill)) return undefined;
      const [re, im] = fill.map((part) => floatValue(part, dataType) ?? NaN);
      return [encodeDouble(re), encodeDouble(im)];
    }
    default:
      return undefined;
  }
}

/** Base64 of the 8 little-endian bytes of a double. */
export function encodeDouble(value: number): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes.toBase64();
}

/** The value that xarray's `FillValueCoder` encoded; undefined if this is none of its encodings. */
export function decodeFillValue(encoded: Json, dataType: DataType): Json | undefined {
  switch (dataTypeKind(dataType)) {
    case "bool":
      return typeof encoded === "boolean" ? encoded : undefined;
    case "int":
    case "uint":
      return Number.isInteger(toNumber(encoded)) ? encoded : undefined;
    case "float":
      return decodeDouble(encoded);
    case "complex": {
      const parts = Array.isArray(encoded) && encoded.length === 2
        ? encoded.map(decodeDouble)
        : [undefined];
      return parts.every((part) => part !== undefined) ? parts : undefined;
    }
    default:
      return undefined;
  }
}

function decodeDouble(encoded: Json): Json | undefined {
  if (typeof encoded !== "string" || !/^[A-Za-z0-9+/]{11}=$/.test(encoded)) return undefined;
  return floatJson(new DataView(Uint8Array.fromBase64(encoded).buffer).getFloat64(0, true));
}
