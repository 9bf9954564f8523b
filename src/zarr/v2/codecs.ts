/**
 * The filters and the compressor of a Zarr v2 array as a v3 codec pipeline.
 *
 * v2 has one list of filters and then a compressor, in any order of kinds; v3 has array-to-array
 * codecs, one array-to-bytes codec, and bytes-to-bytes codecs. What each is, and with which defaults,
 * the registry knows. Source: zarr-python's `migrate_v3.py`; FORMATS 4.6.
 */

import type { Codec as CodecRow, CodecKind } from "../../codecs/codec.ts";
import { parseNumpyType } from "../../codecs/numpy_type.ts";
import { findV2Codec } from "../../codecs/registry.ts";
import { dataTypeKind, itemSize } from "../data_type.ts";
import { isObject, type Json, type JsonObject } from "../../json.ts";
import { malformed, shown } from "../malformed.ts";
import type { Codec, DataType } from "../metadata.ts";
import type { Endian } from "./data_type.ts";

/** A numcodecs configuration: its id, and the rest. */
export interface V2Codec {
  /** numcodecs' id, without a `numcodecs.` before it. */
  readonly id: string;
  /** Every other member. */
  readonly config: JsonObject;
}

/** Filters and compressors in the order of encoding. @throws IndexError */
export function v2Codecs(zarray: JsonObject, where: string): V2Codec[] {
  return [
    ...codecList(zarray.filters, "filters", where),
    ...codecList(zarray.compressor, "compressor", where),
  ];
}

function codecList(value: Json | undefined, member: string, where: string): V2Codec[] {
  if (value === null || value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((codec: Json) => {
    const { id, ...config } = isObject(codec) ? codec : {};
    if (typeof id !== "string" || id === "") {
      throw malformed(where, `${member} has ${shown(codec)}, which names no codec`);
    }
    return { id: id.replace(/^numcodecs\./, ""), config };
  });
}

/** The id of the codec that encodes the elements of `|O`. */
export function objectCodec(codecs: readonly V2Codec[]): string | undefined {
  return codecs.find(({ id }) => findV2Codec(id)?.objects)?.id;
}

/** A v3 pipeline, and why it is none. */
export interface V3Pipeline {
  readonly codecs: readonly Codec[];
  /** Why v3 cannot say it; undefined if it can. */
  readonly unsupported?: string;
}

/**
 * The v3 pipeline of these v2 codecs.
 *
 * @param endian byte order of the array's own data type
 * @param transpose the first codec, for order "F"
 */
export function pipelineFromV2(
  v2: readonly V2Codec[],
  dataType: DataType,
  endian: Endian,
  transpose?: Codec,
): V3Pipeline {
  const codecs: Codec[] = transpose ? [transpose] : [];
  const elements = { itemBytes: itemSize(dataType) };
  let order = endian;
  let serialized = false;
  let unsupported: string | undefined;
  v2.forEach(({ id, config }, index) => {
    const codec = findV2Codec(id);
    const kind = codec?.kind ?? unknownKind(serialized, index === v2.length - 1);
    if (kind === "bytes→bytes" && !serialized) {
      codecs.push(bytesCodec(order));
      serialized = true;
    } else if (kind !== "bytes→bytes" && serialized) {
      // Kept in its true order, so that a client refuses the pipeline instead of misreading it.
      unsupported ??= `its filter ${id} works on the bytes of the one before, ` +
        "which Zarr v3 cannot say";
    }
    if (kind === "array→bytes") serialized = true;
    if (kind === "array→array") order = encodedEndian(codec, config, order);
    const configuration = kind === "array→array" ? littleEndian(config) : config;
    const spec = codec?.fromV2?.(configuration, elements) ??
      { name: codec?.name ?? `numcodecs.${id}`, configuration };
    if (typeof spec === "string") unsupported ??= `its codec ${id} ${spec}`;
    codecs.push(typeof spec === "string" ? { name: `numcodecs.${id}`, configuration } : spec);
  });
  if (!serialized) codecs.push(bytesCodec(order));
  const text = dataTypeKind(dataType) === "text" || dataTypeKind(dataType) === "bytes";
  if (text && !v2.some(({ id }) => findV2Codec(id)?.kind === "array→bytes")) {
    unsupported ??= "it holds Python objects and names no codec for them";
  }
  return { codecs, unsupported };
}

/** Where a codec that is not known stands, so that every known one keeps its place. */
function unknownKind(serialized: boolean, last: boolean): CodecKind {
  if (serialized) return "bytes→bytes";
  // kerchunk's codecs for GRIB, FITS and the like are alone, and make arrays of whole messages.
  return last ? "array→bytes" : "array→array";
}

function bytesCodec(endian: Endian): Codec {
  return endian === undefined ? { name: "bytes" } : { name: "bytes", configuration: { endian } };
}

/**
 * A filter's configuration with little-endian data types: in v3 the `bytes` codec alone has a byte
 * order, and zarr-python misreads what a filter on big-endian elements stored.
 */
function littleEndian(config: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      key.endsWith("type") && typeof value === "string" ? value.replace(/^>/, "<") : value,
    ]),
  );
}

/** Byte order of what an array-to-array filter writes. */
function encodedEndian(codec: CodecRow | undefined, config: JsonObject, endian: Endian): Endian {
  const { dtype = config.astype ?? config.dtype } = codec?.stored?.(config, { rank: 0 }) ?? {};
  const type = parseNumpyType(dtype);
  if (!type) return endian;
  return type.bytes === 1 ? undefined : type.bigEndian ? "big" : "little";
}
