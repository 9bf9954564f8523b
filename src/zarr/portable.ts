/**
 * The portable view: Zarr v3 that every client opens. What a client would refuse, or misread, is left
 * out of the groups' documents, because zarr-python and xarray refuse the whole group for one array.
 */

import { isObject, type Json, type JsonObject, stringifyJson, toNumber } from "../json.ts";
import { consolidatedJson, type Descendant } from "./consolidated.ts";
import { dataTypeKind, dataTypeName, itemSize } from "./data_type.ts";
import { integerValue, unmistakableFloat } from "./fill_value.ts";
import { withGeoAttributes } from "./geo.ts";
import { shown } from "./malformed.ts";
import type { ArrayMetadata, Codec, DataType, GroupMetadata } from "./metadata.ts";
import type { ArrayNode } from "./node.ts";
import { untellableTime } from "./time.ts";

/**
 * An array under portable codecs and chunk keys.
 *
 * @param codecs those that its chunks are served in
 * @param mapping attributes of its grid mapping variable, where it has one
 */
export function portableArray(
  native: ArrayMetadata,
  codecs: readonly Codec[],
  mapping?: JsonObject,
): ArrayMetadata {
  const kind = dataTypeKind(native.data_type);
  const metadata: ArrayMetadata = {
    ...native,
    codecs,
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    ...(kind === "float" || kind === "complex"
      ? { fill_value: unmistakableFloat(native.fill_value) }
      : {}),
  };
  return mapping ? withGeoAttributes(metadata, mapping) : metadata;
}

/** The text of the `zarr.json` of an array or, with what is below it, of a group. In pieces. */
export function zarrJson(
  metadata: ArrayMetadata | GroupMetadata,
  below: Iterable<Descendant>,
  spaceless = false,
): Iterable<string> {
  return metadata.node_type === "group"
    ? consolidatedJson(metadata, below, spaceless)
    : [stringifyJson(metadata)];
}

/** Why no metadata tells every client what an array holds; undefined if it can be told. Codecs apart. */
export function indescribable(
  { metadata, layout, unsupported }: Pick<ArrayNode, "metadata" | "layout" | "unsupported">,
): string | undefined {
  const { data_type: type, fill_value: fill, chunk_grid: grid } = metadata;
  const kind = dataTypeKind(type);
  // GDAL passes structured arrays over; zarr-python, xarray and zarrita read or skip them one by one.
  if (unsupported !== undefined && kind !== "struct") return unsupported;
  if (grid.name !== "regular") return `its chunk grid "${grid.name}" is not regular`;
  if (!layout) return `its chunk keys are "${metadata.chunk_key_encoding.name}", not known here`;
  const name = dataTypeName(type);
  if (kind === undefined || kind === "other" || /^r\d+$/.test(name)) {
    return `data type ${name} is not known to every client`;
  }
  const time = untellableTime(type);
  if (time !== undefined) return time;
  if (!isFillValue(fill, type)) {
    return `its fill value ${shown(fill)} is not a value of data type ${name}`;
  }
  if (metadata.storage_transformers) return "it has storage transformers";
  return metadata.codecs.some(hasIndexInFront)
    ? "its shards have their index at the start, where zarrita does not look and reads other bytes"
    : undefined;
}

/** True for a sharding codec, or one inside it, with `index_location` "start". */
function hasIndexInFront(codec: unknown): boolean {
  const { name, configuration } = isObject(codec) ? codec : {};
  const { index_location: location, codecs } = isObject(configuration) ? configuration : {};
  return name === "sharding_indexed" &&
    (location === "start" ||
      Array.isArray(codecs) && codecs.some(hasIndexInFront));
}

/** Why requests for a node do not arrive; undefined if they do. */
export function unaskable(path: string): string | undefined {
  return path.includes("#") ? 'its path holds "#", behind which clients send nothing' : undefined;
}

/** False if strict clients refuse `fill` for a number of that type. */
function isFillValue(fill: Json, dataType: DataType): boolean {
  switch (dataTypeKind(dataType)) {
    case "bool":
      return typeof fill === "boolean";
    case "time":
      return fill === "NaT" || isFillValue(fill, "int64");
    case "int":
    case "uint": {
      const value = typeof fill === "string" || typeof fill === "boolean"
        ? undefined
        : integerValue(fill);
      const bits = 8 * (itemSize(dataType) ?? 0);
      return value !== undefined &&
        (dataTypeKind(dataType) === "int" ? BigInt.asIntN : BigInt.asUintN)(bits, value) === value;
    }
    case "float":
      return isFloat(fill);
    case "complex":
      return Array.isArray(fill) && fill.length === 2 && fill.every(isFloat);
    default:
      return true;
  }
}

function isFloat(fill: Json): boolean {
  return typeof fill === "string"
    ? /^(NaN|-?Infinity|0x[0-9a-f]+)$/i.test(fill)
    : toNumber(fill) !== undefined;
}
