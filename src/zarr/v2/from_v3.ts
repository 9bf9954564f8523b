/**
 * Portable Zarr v3 metadata as Zarr v2 documents, for the `~v2` view of v3 sources.
 *
 * xarray masks a v2 array by its `fill_value` if that is not null, and only else by `_FillValue`; a
 * reader that finds null fills absent chunks with zeros. So the two together decide how the fill
 * value and the `_FillValue` of v3, which may differ, are written.
 */

import { codecId } from "../../codecs/codec.ts";
import { findCodec } from "../../codecs/registry.ts";
import { dataTypeKind, numpyName } from "../data_type.ts";
import { floatJson, floatValue, zeroOf } from "../fill_value.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  rawNumber,
  stringifyJson,
  toNumber,
} from "../../json.ts";
import type { ArrayMetadata, Codec, DataType, GroupMetadata } from "../metadata.ts";
import { decodeFillValue } from "./fill_value_attribute.ts";

export interface V2Array {
  readonly zarray: JsonObject;
  readonly zattrs: JsonObject;
}

/**
 * An array of the portable codecs (`bytes`, `transpose` that reverses all dimensions, `gzip`, `zstd`,
 * `blosc`, `crc32c`, `vlen-utf8`, `vlen-bytes`) as `.zarray` and `.zattrs`, its chunk keys with ".".
 *
 * @returns undefined if v2 cannot say it (sharding, other transpositions, other data types)
 */
export function arrayToV2(metadata: ArrayMetadata): V2Array | undefined {
  const pipeline = pipelineToV2(metadata.codecs, metadata.shape.length);
  const dtype = pipeline && numpyName(metadata.data_type, pipeline.endian);
  const chunks = metadata.chunk_grid.configuration?.chunk_shape;
  if (
    !pipeline || dtype === undefined || metadata.chunk_grid.name !== "regular" || !chunks ||
    metadata.storage_transformers?.length ||
    (dtype === "|O") !== pipeline.objects
  ) return undefined;
  const masked = missingValuesToV2(metadata);
  if (!masked) return undefined;
  const names = metadata.dimension_names;
  return {
    zarray: {
      zarr_format: 2,
      shape: metadata.shape,
      chunks,
      dtype,
      fill_value: masked.fill,
      order: pipeline.order,
      filters: pipeline.filters.length === 0 ? null : pipeline.filters,
      compressor: pipeline.compressor,
      dimension_separator: ".",
    },
    zattrs: {
      ...masked.attributes,
      ...(names?.every((name) => name !== null) && { _ARRAY_DIMENSIONS: names }),
    },
  };
}

export function groupToV2(metadata: GroupMetadata): { zgroup: JsonObject; zattrs: JsonObject } {
  return { zgroup: { zarr_format: 2 }, zattrs: metadata.attributes ?? {} };
}

interface V2Pipeline {
  readonly endian: "little" | "big";
  readonly order: "C" | "F";
  readonly filters: readonly JsonObject[];
  readonly compressor: JsonObject | null;
  /** The pipeline encodes elements of variable length. */
  readonly objects: boolean;
}

function pipelineToV2(codecs: readonly Codec[], rank: number): V2Pipeline | undefined {
  const first = codecs.findIndex(({ name }) => name === "bytes" || name.startsWith("vlen-"));
  if (first < 0) return undefined;
  const order = orderOf(codecs.slice(0, first), rank);
  const serializer = codecs[first];
  const encoded = codecs.slice(first + 1).map(v2Codec);
  if (order === undefined || !encoded.every((codec) => codec !== undefined)) return undefined;
  const objects = serializer.name !== "bytes";
  if (objects && serializer.name !== "vlen-utf8" && serializer.name !== "vlen-bytes") {
    return undefined;
  }
  return {
    endian: serializer.configuration?.endian === "big" ? "big" : "little",
    order,
    filters: [...(objects ? [{ id: serializer.name }] : []), ...encoded.slice(0, -1)],
    compressor: encoded.at(-1) ?? null,
    objects,
  };
}

/** v2 has the order of the dimensions and its reversal only. */
function orderOf(transposes: readonly Codec[], rank: number): "C" | "F" | undefined {
  let reversed = false;
  for (const { name, configuration } of transposes) {
    if (name !== "transpose") return undefined;
    const order = configuration?.order;
    const axes = order === "C" || order === "F"
      ? Array.from({ length: rank }, (_, i) => order === "C" ? i : rank - 1 - i)
      : Array.isArray(order)
      ? order.map(toNumber)
      : [];
    if (axes.length !== rank) return undefined;
    const same = axes.every((axis, i) => axis === i);
    if (!same && !axes.every((axis, i) => axis === rank - 1 - i)) return undefined;
    if (!same) reversed = !reversed;
  }
  return reversed ? "F" : "C";
}

function v2Codec({ name, configuration = {} }: Codec): JsonObject | undefined {
  const codec = findCodec(name);
  return codec?.toV2 && { id: codecId(codec), ...codec.toV2(configuration) };
}

/**
 * The v2 fill value and the attributes of a v3 array; undefined if v2 cannot say them. Absent chunks
 * keep their value before all: where that needs a fill value that v3 does not mask, xarray masks it.
 */
function missingValuesToV2(
  metadata: ArrayMetadata,
): { fill: Json; attributes: JsonObject } | undefined {
  const { data_type: dataType, attributes = {} } = metadata;
  const { _FillValue: encoded, ...rest } = attributes;
  const fill = plainFill(metadata.fill_value, dataType);
  const zero = sameJson(fill, plainFill(zeroOf(dataType), dataType));
  const mask = encoded === undefined ? undefined : decodeFillValue(encoded, dataType);
  if (mask === undefined) {
    // A _FillValue that is not in xarray's encoding stays what it is.
    return { fill: zero ? null : fill, attributes };
  }
  if (sameJson(mask, fill)) return { fill, attributes: rest };
  if (Array.isArray(mask)) return undefined; // as an attribute it would be two real numbers
  if (mask === "NaN") return { fill: zero ? null : fill, attributes: rest };
  if (zero) return { fill: null, attributes: { ...rest, _FillValue: literal(mask) } };
  const { missing_value: missing } = rest;
  const listed = missing === undefined ? [] : Array.isArray(missing) ? missing : [missing];
  const values = [...listed, literal(mask)];
  return {
    fill,
    attributes: { ...rest, missing_value: values.length === 1 ? values[0] : values },
  };
}

/** A v3 fill value as v2 spells it: no bit patterns, and bytes as base64. */
function plainFill(fill: Json, dataType: DataType): Json {
  const kind = dataTypeKind(dataType);
  if (kind === "float") return plainFloat(fill, dataType);
  if (kind === "complex" && Array.isArray(fill)) {
    return fill.map((part) => plainFloat(part, dataType));
  }
  if (Array.isArray(fill) && (kind === "raw" || kind === "fixed_bytes" || kind === "bytes")) {
    return Uint8Array.from(fill.map((byte) => toNumber(byte) ?? 0)).toBase64();
  }
  return fill;
}

function plainFloat(fill: Json, dataType: DataType): Json {
  const bits = typeof fill === "string" && /^0x([0-9a-f]{4}|[0-9a-f]{8}|[0-9a-f]{16})$/i.exec(fill);
  if (bits) {
    const view = new DataView(Uint8Array.fromHex(bits[1]).buffer);
    const size = view.byteLength;
    return floatJson(
      size === 2 ? view.getFloat16(0) : size === 4 ? view.getFloat32(0) : view.getFloat64(0),
    );
  }
  const value = floatValue(fill, dataType);
  return value === undefined || Number.isFinite(value) ? fill : String(value);
}

/** A value in an attribute, where only a literal that overflows is an infinite number. */
function literal(value: Json): Json {
  return value === "Infinity" || value === "-Infinity"
    ? rawNumber(value === "Infinity" ? "1e999" : "-1e999")
    : value;
}

/** True if both stand for the same value: `0.0` is `0`, and NaN is NaN. */
function sameJson(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  const [x, y] = [toNumber(a), toNumber(b)];
  if (x === undefined || y === undefined) {
    return !isObject(a) && stringifyJson(a) === stringifyJson(b);
  }
  // Beyond 2⁵³ doubles fall together.
  return Number.isInteger(x) && !Number.isSafeInteger(x)
    ? stringifyJson(a) === stringifyJson(b)
    : x === y;
}
