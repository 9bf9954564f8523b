/**
 * The filters and the compressor of a Zarr v2 array as a v3 codec pipeline.
 *
 * v2 has one list of filters and then a compressor, in any order of kinds; v3 has array-to-array
 * codecs, one array-to-bytes codec, and bytes-to-bytes codecs. Names and places are those that
 * zarr-python's `migrate_v3.py` gives; the kinds and defaults are numcodecs'. Source: FORMATS 4.6.
 */

import { coreCodec } from "../codec_names.ts";
import { dataTypeKind, itemSize } from "../data_type.ts";
import { isObject, type Json, type JsonObject } from "../../json.ts";
import { malformed, shown } from "../malformed.ts";
import type { Codec, DataType } from "../metadata.ts";
import type { Endian } from "./data_type.ts";

/** numcodecs' codecs from array to array. */
const ARRAY_TO_ARRAY = new Set([
  "astype",
  "bitround",
  "delta",
  "fixedscaleoffset",
  "packbits",
  "quantize",
]);

/** numcodecs' codecs from array to bytes: they stand in place of `bytes`. */
const ARRAY_TO_BYTES = new Set([
  "categorize",
  "json2",
  "msgpack2",
  "pcodec",
  "pickle",
  "vlen-array",
  "vlen-bytes",
  "vlen-utf8",
  "zfpy",
]);

/** numcodecs' codecs from bytes to bytes. */
const BYTES_TO_BYTES = new Set([
  "adler32",
  "base64",
  "blosc",
  "bz2",
  "crc32",
  "crc32c",
  "fletcher32",
  "gzip",
  "jenkins_lookup3",
  "lz4",
  "lzma",
  "shuffle",
  "zlib",
  "zstd",
]);

/** Ids of the filters that turn Python objects into bytes. */
const OBJECT_CODECS = new Set([
  "categorize",
  "json2",
  "msgpack2",
  "pickle",
  "vlen-array",
  "vlen-bytes",
  "vlen-utf8",
]);

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
  return codecs.find(({ id }) => OBJECT_CODECS.has(id))?.id;
}

/** A v3 pipeline, and why it is none. */
export interface V3Pipeline {
  /** In the order of encoding. */
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
  const typeSize = itemSize(dataType) ?? 1;
  let elements: { endian: Endian } = { endian };
  let serialized = false;
  let unsupported: string | undefined;
  v2.forEach((codec, index) => {
    const kind = kindOf(codec.id, serialized, index === v2.length - 1);
    if (kind === "bytes" && !serialized) {
      codecs.push(bytesCodec(elements.endian));
      serialized = true;
    } else if (kind !== "bytes" && serialized) {
      // Kept in its true order, so that a client refuses the pipeline instead of misreading it.
      unsupported ??= `its filter ${codec.id} works on the bytes of the one before, ` +
        "which Zarr v3 cannot say";
    }
    if (kind === "serializer") serialized = true;
    if (kind === "array") elements = { endian: encodedEndian(codec, elements.endian) };
    codecs.push(
      coreCodec(codec.id, kind === "array" ? littleEndian(codec.config) : codec.config, typeSize),
    );
  });
  if (!serialized) codecs.push(bytesCodec(elements.endian));
  const text = dataTypeKind(dataType) === "text" || dataTypeKind(dataType) === "bytes";
  if (text && !v2.some(({ id }) => ARRAY_TO_BYTES.has(id))) {
    unsupported ??= "it holds Python objects and names no codec for them";
  }
  return { codecs, unsupported };
}

/** Where a codec stands; an unknown one is placed so that every known one keeps its place. */
function kindOf(id: string, serialized: boolean, last: boolean): "array" | "serializer" | "bytes" {
  if (ARRAY_TO_ARRAY.has(id)) return "array";
  if (ARRAY_TO_BYTES.has(id)) return "serializer";
  if (BYTES_TO_BYTES.has(id) || serialized) return "bytes";
  // kerchunk's codecs for GRIB, FITS and the like are alone, and make arrays of whole messages.
  return last ? "serializer" : "array";
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
function encodedEndian({ id, config }: V2Codec, endian: Endian): Endian {
  if (id === "packbits") return undefined;
  const dtype = id === "astype" ? config.encode_dtype : config.astype ?? config.dtype;
  const match = typeof dtype === "string" ? /^([<>|=]?)[a-zA-Z]+(\d*)$/.exec(dtype) : null;
  if (!match) return endian;
  if (match[2] === "1" || match[1] === "|") return undefined;
  return match[1] === ">" ? "big" : "little";
}
