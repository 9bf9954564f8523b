/**
 * Zarr v2 metadata as Zarr v3 metadata: the same array, in the terms that every other module uses.
 *
 * The oracle is xarray: opened as v3, an array must decode to the mask, the dtype and the times that
 * it has when opened as v2. Sources: zarr-python's `migrate_v3.py`; DESIGN §4; FORMATS §4.
 */

import {
  type ChunkLayout,
  chunkLayout,
  parseChunkShape,
  parseKeyEncoding,
  parseShape,
} from "../chunk_grid.ts";
import { dataTypeKind, dataTypeName, itemSize } from "../data_type.ts";
import { fillValueFromV2, floatValue, isNullFill, unwrittenValue } from "../fill_value.ts";
import { isObject, type Json, type JsonObject, toNumber } from "../../json.ts";
import { malformed, shown } from "../malformed.ts";
import type { ArrayMetadata, Codec, DataType, GroupMetadata } from "../metadata.ts";
import { missingValuesFromV2 } from "./missing_values.ts";
import { objectCodec, pipelineFromV2, v2Codecs } from "./codecs.ts";
import { dataTypeFromV2 } from "./data_type.ts";

/** An array in Zarr v3 terms. */
export interface TranslatedArray {
  /** Codecs under the names of the source, with a complete configuration. */
  readonly metadata: ArrayMetadata;
  /** Its grid, and how the source spells its chunks' keys. */
  readonly layout: ChunkLayout;
  /** Why this is no faithful v3 form of the array, to follow "cannot be served: "; undefined if it is. */
  readonly unsupported?: string;
}

/**
 * A v2 array in v3 terms.
 *
 * @param zarray the array's `.zarray`
 * @param zattrs the array's `.zattrs`
 * @param path the array's path, for messages
 * @throws IndexError if the metadata is malformed
 */
export function arrayFromV2(
  zarray: JsonObject,
  zattrs: JsonObject = {},
  path = "",
): TranslatedArray {
  const where = `.zarray of "${path}"`;
  if (!isObject(zarray)) throw malformed(where, "it is not a JSON object");
  if (!isObject(zattrs)) throw malformed(`.zattrs of "${path}"`, "it is not a JSON object");
  if (zarray.zarr_format !== undefined && toNumber(zarray.zarr_format) !== 2) {
    throw malformed(where, `zarr_format is ${shown(zarray.zarr_format)}`);
  }
  const shape = parseShape(zarray.shape, "shape", where);

  const v2 = v2Codecs(zarray, where);
  const type = dataTypeFromV2(zarray.dtype, objectCodec(v2), where);
  const size = itemSize(type.dataType) ?? 1;
  const chunkShape = parseChunkShape(zarray.chunks, shape, size, "chunks", where);

  const isNull = isNullFill(zarray.fill_value);
  const fill = isNull
    ? missingValue(zattrs, type.dataType)
    : fillValueFromV2(zarray.fill_value, type.dataType);
  const badFill = fill === undefined
    ? `its fill_value ${shown(zarray.fill_value)} is not a value of ${dataTypeName(type.dataType)}`
    : undefined;
  const names = dimensionNames(zarray, zattrs, shape.length);
  const pipeline = pipelineFromV2(
    v2,
    type.dataType,
    type.endian,
    transposition(zarray.order, shape.length, where),
  );
  const attributes = missingValuesFromV2(
    visible(zattrs, names !== undefined),
    isNull ? undefined : fill,
    type.dataType,
  );
  const metadata: ArrayMetadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: type.dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: fill ?? unwrittenValue(type.dataType),
    codecs: pipeline.codecs,
    attributes,
    ...(names && { dimension_names: names }),
  };
  const encoding = parseKeyEncoding("v2", zarray.dimension_separator, where)!;
  return {
    metadata,
    layout: { ...chunkLayout(metadata)!, encoding },
    ...withReason(type.unsupported ?? pipeline.unsupported ?? badFill),
  };
}

/**
 * A v2 group in v3 terms.
 *
 * @param zattrs the group's `.zattrs`
 * @param path the group's path, for messages
 * @throws IndexError if the attributes are no JSON object
 */
export function groupFromV2(zattrs: JsonObject = {}, path = ""): GroupMetadata {
  if (!isObject(zattrs)) throw malformed(`.zattrs of "${path}"`, "it is not a JSON object");
  return { zarr_format: 3, node_type: "group", attributes: zattrs };
}

function withReason(unsupported: string | undefined): { unsupported?: string } {
  return unsupported === undefined ? {} : { unsupported };
}

/**
 * The fill value of an array that has none: the number that its attributes call missing, as GDAL has
 * it of a NetCDF file, else a value that is no data.
 */
export function missingValue({ _FillValue, missing_value }: JsonObject, dataType: DataType): Json {
  const kind = dataTypeKind(dataType);
  const numeric = kind === "int" || kind === "uint" || kind === "float";
  for (const value of numeric ? [_FillValue, missing_value].flat() : []) {
    const number = toNumber(value);
    if (number === undefined) continue;
    // One that the data type rounds equals no cell in xarray.
    if (kind === "float" && floatValue(number, dataType) !== number) continue;
    const fill = fillValueFromV2(value, dataType);
    if (fill !== undefined) return fill;
  }
  return unwrittenValue(dataType);
}

/** Order "F" is the reversal of the dimensions; of fewer than two there is nothing to reverse. */
function transposition(order: Json | undefined, rank: number, where: string): Codec | undefined {
  if (order !== undefined && order !== "C" && order !== "F") {
    throw malformed(where, `order is ${shown(order)}`);
  }
  if (order !== "F" || rank < 2) return undefined;
  return {
    name: "transpose",
    configuration: { order: Array.from({ length: rank }, (_, index) => rank - 1 - index) },
  };
}

/** Names by xarray's attribute, else by NCZarr's references to dimensions, as xarray looks for them. */
function dimensionNames(
  zarray: JsonObject,
  zattrs: JsonObject,
  rank: number,
): string[] | undefined {
  const named = zattrs._ARRAY_DIMENSIONS;
  if (named !== undefined) return texts(named, rank);
  const nczarr = zarray._NCZARR_ARRAY;
  const references = isObject(nczarr) ? texts(nczarr.dimrefs, rank) : undefined;
  return references?.map((reference) => reference.slice(reference.lastIndexOf("/") + 1));
}

function texts(value: Json | undefined, count: number): string[] | undefined {
  if (!Array.isArray(value) || value.length !== count) return undefined;
  return value.every((item: Json) => typeof item === "string") ? [...value] : undefined;
}

/** The attributes that xarray shows of a v2 array: without dimension names and NCZarr's own. */
function visible(zattrs: JsonObject, named: boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(zattrs).filter(([key]) =>
      !(named && key === "_ARRAY_DIMENSIONS") && !key.toLowerCase().startsWith("_nc")
    ),
  );
}
