/** GDAL's value of no data, which it writes as text. Source: GDAL's GTiff driver, `GTIFFTAG_GDAL_NODATA`. */

import { type Json, rawNumber } from "../../src/json.ts";
import { dataTypeKind } from "../../src/zarr/data_type.ts";
import { fillValueFromV2, floatFromText, floatJson } from "../../src/zarr/fill_value.ts";
import type { DataType } from "../../src/zarr/metadata.ts";

/** The value as Zarr v3 writes it; undefined if no pixel of that type can have it. */
export function nodataValue(text: string, dataType: DataType): Json | undefined {
  const kind = dataTypeKind(dataType);
  if ((kind === "int" || kind === "uint") && /^[+-]?\d+$/.test(text)) {
    return fillValueFromV2(rawNumber(String(BigInt(text.replace("+", "")))), dataType);
  }
  // Older C libraries on Windows write NaN so.
  const number = /^-?1\.#(?:IND|QNAN)/i.test(text) ? NaN : floatFromText(text);
  if (number === undefined) return undefined;
  if ((kind === "int" || kind === "uint") && !Number.isInteger(number)) return undefined;
  return fillValueFromV2(kind === "complex" ? [floatJson(number), 0] : floatJson(number), dataType);
}
