/**
 * A `zarr.json` document, read and checked.
 *
 * Tolerant of what writers leave out (configurations, the byte order) and of short-hand names, and
 * strict where a guess could give wrong numbers. Source: the Zarr v3 core specification, "Metadata".
 */

import { parseChunkShape, parseKeyEncoding, parseShape } from "./chunk_grid.ts";
import { dataTypeKind, itemSize } from "./data_type.ts";
import { zeroOf } from "./fill_value.ts";
import { isObject, type Json, type JsonObject, parseJson, toNumber } from "../json.ts";
import { malformed, shown } from "./malformed.ts";
import type { ArrayMetadata, Codec, DataType, GroupMetadata, Named } from "./metadata.ts";

const ARRAY_MEMBERS = new Set([
  "zarr_format",
  "node_type",
  "shape",
  "data_type",
  "chunk_grid",
  "chunk_key_encoding",
  "fill_value",
  "codecs",
  "attributes",
  "dimension_names",
  "storage_transformers",
]);
const GROUP_MEMBERS = new Set(["zarr_format", "node_type", "attributes", "consolidated_metadata"]);

/**
 * The metadata in the `zarr.json` of the node at `path` (for messages).
 *
 * The chunk grid and the chunk key encoding always have configurations, and elements of several bytes a
 * byte order. Other codecs and attributes are as the document has them.
 *
 * @throws IndexError if it is no Zarr v3 metadata
 */
export function parseZarrJson(bytes: Uint8Array, path = ""): ArrayMetadata | GroupMetadata {
  const where = `zarr.json of "${path}"`;
  let document: Json;
  try {
    document = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed(where, "it is not JSON", cause);
  }
  if (!isObject(document)) throw malformed(where, "it is not a JSON object");
  return parseNode(document, where);
}

/**
 * The same of the members of a `zarr.json`.
 *
 * @param where what they are of, for messages
 * @throws IndexError
 */
export function parseNode(document: JsonObject, where: string): ArrayMetadata | GroupMetadata {
  if (toNumber(document.zarr_format) !== 3) {
    throw malformed(where, `zarr_format is ${shown(document.zarr_format)}`);
  }
  if (document.node_type === "group") return group(document, where);
  if (document.node_type === "array") return array(document, where);
  throw malformed(where, `node_type is ${shown(document.node_type)}`);
}

function group(document: JsonObject, where: string): GroupMetadata {
  refuseUnknown(document, GROUP_MEMBERS, where);
  return { zarr_format: 3, node_type: "group", ...attributesOf(document, where) };
}

function array(document: JsonObject, where: string): ArrayMetadata {
  refuseUnknown(document, ARRAY_MEMBERS, where);
  const shape = parseShape(document.shape, "shape", where);
  const dataType = parseDataType(document.data_type, where);
  const fill = document.fill_value;
  return {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: dataType,
    chunk_grid: chunkGrid(document.chunk_grid, shape, itemSize(dataType) ?? 1, where),
    chunk_key_encoding: chunkKeyEncoding(document.chunk_key_encoding, where),
    fill_value: fill === undefined || fill === null ? zeroOf(dataType) : fill,
    codecs: parseCodecs(document.codecs, dataType, where),
    ...attributesOf(document, where),
    ...dimensionNames(document.dimension_names, shape.length, where),
    ...storageTransformers(document.storage_transformers, where),
  };
}

/** The specification: fail on a member that is not understood, unless it says that it need not be. */
function refuseUnknown(document: JsonObject, known: ReadonlySet<string>, where: string): void {
  for (const [name, value] of Object.entries(document)) {
    // zarr-python writes `"consolidated_metadata": null` into arrays too.
    if (known.has(name) || value === null) continue;
    if (isObject(value) && value.must_understand === false) continue;
    throw malformed(where, `it has a member ${shown(name)} that is not understood`);
  }
}

function attributesOf(document: JsonObject, where: string): { attributes?: JsonObject } {
  const { attributes } = document;
  if (attributes === undefined || attributes === null) return {};
  if (!isObject(attributes)) throw malformed(where, `attributes is ${shown(attributes)}`);
  return { attributes };
}

/** `{"name": …, "configuration": {…}}`, or only the name. */
function named(value: Json | undefined, member: string, where: string): Named {
  const { name, configuration } = isObject(value)
    ? value
    : { name: value, configuration: undefined };
  if (typeof name !== "string" || name === "") {
    throw malformed(where, `${member} is ${shown(value)}`);
  }
  if (configuration === undefined || configuration === null) return { name };
  if (!isObject(configuration)) {
    throw malformed(where, `the configuration of ${member} is ${shown(configuration)}`);
  }
  return { name, configuration };
}

function parseDataType(value: Json | undefined, where: string): DataType {
  const type = named(value, "data_type", where);
  const kind = dataTypeKind(type);
  if (type.configuration === undefined) {
    if (kind === "struct" || kind === "time") {
      throw malformed(where, `data_type ${shown(value)} needs a configuration`);
    }
    return type.name;
  }
  const sized = kind === "struct" || kind === "raw" || kind === "fixed_bytes" ||
    kind === "fixed_text";
  if (sized && itemSize(type) === undefined) {
    throw malformed(where, `data_type ${shown(value)} has no size`);
  }
  // A core data type has nothing to configure.
  return kind !== undefined && !sized && kind !== "time" &&
      Object.keys(type.configuration).length === 0
    ? type.name
    : type;
}

function chunkGrid(
  value: Json | undefined,
  shape: readonly number[],
  itemBytes: number,
  where: string,
): Named {
  const grid = named(value, "chunk_grid", where);
  if (grid.name !== "regular") return grid;
  const chunk = grid.configuration?.chunk_shape;
  return {
    name: "regular",
    configuration: { chunk_shape: parseChunkShape(chunk, shape, itemBytes, "chunk_shape", where) },
  };
}

function chunkKeyEncoding(value: Json | undefined, where: string): Named {
  const encoding = value === undefined || value === null
    ? { name: "default" }
    : named(value, "chunk_key_encoding", where);
  const known = parseKeyEncoding(encoding.name, encoding.configuration?.separator, where);
  return known ? { name: known.name, configuration: { separator: known.separator } } : encoding;
}

function parseCodecs(value: Json | undefined, dataType: DataType, where: string): Codec[] {
  // Zarr's first drafts had none; such an array cannot be served, but it can be shown.
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) {
    throw malformed(where, `codecs is ${shown(value)}`);
  }
  return value.map((item: Json, index): Codec => {
    const codec = named(item, `codecs[${index}]`, where);
    return codec.name === "bytes" || codec.name === "endian" ? bytesCodec(codec, dataType) : codec;
  });
}

/** Elements of several bytes need a byte order; where a writer names none, readers take little. */
function bytesCodec(codec: Codec, dataType: DataType): Codec {
  const kind = dataTypeKind(dataType);
  const ordered = kind !== "fixed_bytes" && kind !== "raw" && kind !== "struct" &&
    (itemSize(dataType) ?? 1) > 1;
  const endian = codec.configuration?.endian ?? (ordered ? "little" : undefined);
  return endian === undefined || endian === null
    ? { name: "bytes" }
    : { name: "bytes", configuration: { endian } };
}

function dimensionNames(
  value: Json | undefined,
  rank: number,
  where: string,
): { dimension_names?: Array<string | null> } {
  if (value === undefined || value === null) return {};
  const valid = Array.isArray(value) && value.length === rank &&
    value.every((name: Json) => name === null || typeof name === "string");
  if (!valid) throw malformed(where, `dimension_names is ${shown(value)}, shape has ${rank}`);
  return { dimension_names: [...value as Array<string | null>] };
}

/** GDAL refuses the member unless it is empty, and then it says nothing. */
function storageTransformers(
  value: Json | undefined,
  where: string,
): { storage_transformers?: Json[] } {
  if (value === undefined || value === null) return {};
  if (!Array.isArray(value)) throw malformed(where, `storage_transformers is ${shown(value)}`);
  return value.length === 0 ? {} : { storage_transformers: [...value] };
}
