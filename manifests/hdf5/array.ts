/** A dataset, or one field of its compounds, as an array in Zarr v3 terms. */

import { IndexError } from "../../src/errors.ts";
import { type Json, type JsonObject, stringifyJson } from "../../src/json.ts";
import type { ArrayNode } from "../../src/manifest.ts";
import { chunkLayout, parseChunkShape } from "../../src/zarr/chunk_grid.ts";
import { dataTypeKind } from "../../src/zarr/data_type.ts";
import { floatValue, integerValue } from "../../src/zarr/fill_value.ts";
import type { ArrayMetadata, Codec, DataType, Encoding } from "../../src/zarr/metadata.ts";
import { missingValuesFromV2 } from "../../src/zarr/v2/missing_values.ts";
import { missingValue } from "../../src/zarr/v2/to_v3.ts";
import { filterCodec } from "../hdf5_filters.ts";
import type { Dataset } from "./dataset.ts";
import type { Datatype } from "./datatype.ts";
import { complexParts, type Element, elementOf, type NoElement } from "./element.ts";
import { servedChunkShape } from "./served_grid.ts";

/** An array as it is served, and what it takes to find its chunks. */
export interface Hdf5Array {
  /** In Zarr v3 terms. */
  readonly node: ArrayNode;
  /** Where its bytes are. */
  readonly dataset: Dataset;
  /** Elements of a served chunk along each dimension of the dataset. */
  readonly chunkShape: readonly number[];
  /** Filter mask → index into the node's encodings. */
  encodingOf(filterMask: number): number;
  /** What each element of a chunk holds that was never written, where `fill_value` is another. */
  readonly unwritten?: Uint8Array;
  /** True if its elements point to text in the global heap. */
  readonly isText: boolean;
}

/** A part of a dataset's elements that is an array of its own. */
export interface Part {
  /** Its path below the dataset's; empty for the whole element. */
  readonly path: readonly string[];
  /** What it is. */
  readonly type: Datatype;
  /** Bytes from the start of the dataset's element. */
  readonly offset: number;
}

/** The arrays that elements of `type` are shown as: one a field of a compound, whatever its depth; else one. */
export function partsOf(type: Datatype, path: readonly string[] = [], offset = 0): Part[] {
  if (type.class !== "compound" || complexParts(type)) return [{ path, type, offset }];
  return type.fields.flatMap((field) =>
    partsOf(field.type, [...path, field.name], offset + field.offset)
  );
}

/** Bytes that one element may have. */
const MAX_ELEMENT_BYTES = 16 * 2 ** 20;
/** Filters whose every mask has an encoding of its own; of more, only all and none. */
const MAX_MASKED_FILTERS = 4;

/** A dataset's dimensions as they are shown. */
export interface Dimensioned {
  /** Their lengths, which may be more than the dataset's own. */
  readonly shape: readonly number[];
  /** Their names. */
  readonly names: readonly string[];
}

/**
 * The array of one part of a dataset.
 * @param attributes as the file has them, without those that netCDF-4 hides
 * @param fillText what unwritten elements hold, where they are text of variable length
 * @throws IndexError
 */
export function arrayOf(
  dataset: Dataset,
  part: Part,
  { shape: outer, names }: Dimensioned,
  attributes: JsonObject,
  fillText: string,
  path: string,
): Hdf5Array {
  const { type, space, layout, filters, fillValue } = dataset;
  const isText = part.type.class === "vlen-string";
  const { reason, ...element } = isText ? text : described(part.type);
  const shape = [...outer, ...element.shape];
  const own = servedChunkShape(layout, space.shape, type.size);
  const where = `the dataset "${path}"`;
  if (layout.class === "chunked" && layout.elementBytes !== type.size) {
    throw new IndexError(`In ${where}, chunks and elements differ in size`);
  }
  const chunkShape = parseChunkShape(
    [...own, ...element.shape],
    shape,
    element.itemBytes,
    "chunks",
    where,
  );
  if (type.size > MAX_ELEMENT_BYTES) {
    throw new IndexError(`In ${where}, an element has ${type.size} bytes`);
  }
  const unwritten = fillValue ?? new Uint8Array(type.size);
  if (unwritten.length !== type.size) {
    throw new IndexError(`In ${where}, the fill value has another size than the elements`);
  }
  const leading = isText || part.path.length === 0
    ? element.codecs
    : [...element.codecs, fieldCodec(part, type.size)];
  const applied = layout.class === "chunked" && !isText ? filters : [];
  const codecs = applied.map((filter) => filterCodec(filter, type.size));
  const { masks, encodings } = maskedEncodings(leading, codecs);
  const shown = { ...element.attributes, ...attributes };
  const { fill, isHdf5s } = isText
    ? { fill: fillText, isHdf5s: true }
    : fillOf(element, unwritten.subarray(part.offset, part.offset + part.type.size), shown);
  const metadata: ArrayMetadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: element.dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: fill,
    codecs: encodings[0].codecs,
    attributes: missingValuesFromV2(shown, undefined, element.dataType),
    dimension_names: [...names, ...element.shape.map((_, i) => ownDimension(path, i))],
  };
  const unsupported = reason ?? unreadable(dataset);
  return {
    node: {
      type: "array",
      metadata,
      layout: chunkLayout(metadata),
      ...(encodings.length > 1 && { encodings }),
      ...(unsupported !== undefined && { unsupported }),
    },
    dataset,
    chunkShape: own,
    encodingOf(filterMask) {
      const all = 2 ** applied.length - 1;
      const found = masks.indexOf(filterMask & all);
      if (found < 0) throw new IndexError(`A chunk of ${where} skips some of its many filters`);
      return found;
    },
    ...(!isHdf5s && { unwritten }),
    isText,
  };
}

const text: Element & Partial<NoElement> = {
  dataType: "string",
  codecs: [{ name: "vlen-utf8" }],
  shape: [],
  itemBytes: 1,
  attributes: {},
  value: () => "",
};

/** The element of a type; of one without a Zarr form its bytes, and why. */
function described(type: Datatype): Element & Partial<NoElement> {
  const element = elementOf(type);
  if (!("reason" in element)) return element;
  return {
    dataType: { name: "raw_bytes", configuration: { length_bytes: type.size } },
    codecs: [{ name: "bytes" }],
    shape: [],
    itemBytes: type.size,
    attributes: {},
    value: () => new Uint8Array(type.size).toBase64(),
    reason: element.reason,
  };
}

function unreadable({ layout, space, isExternal }: Dataset): string | undefined {
  if (isExternal) return "its bytes are in other files";
  if (layout.class === "virtual") return "it is a virtual dataset, put together from others";
  return space.isNull ? "it has no elements, not even one" : undefined;
}

/** The name of a dimension that a dataset's elements have of their own. */
function ownDimension(path: string, i: number): string {
  return `${path.slice(path.lastIndexOf("/") + 1)}_dim_${i}`;
}

/** Takes one field of every compound of a chunk. */
function fieldCodec({ type, offset }: Part, recordBytes: number): Codec {
  return {
    name: "hdf5.field",
    configuration: { offset, bytes: type.size, record_bytes: recordBytes },
  };
}

/** The encodings of chunks by the filters that were applied; the first has all, the last none. */
export function maskedEncodings(
  leading: readonly Codec[],
  filters: readonly Codec[],
): { readonly masks: readonly number[]; readonly encodings: readonly Encoding[] } {
  const none = 2 ** filters.length - 1;
  const masks = filters.length <= MAX_MASKED_FILTERS
    ? Array.from({ length: none + 1 }, (_, mask) => mask)
    : [0, none];
  const encodings = masks.map((mask) => ({
    codecs: [...leading, ...filters.filter((_, i) => Math.floor(mask / 2 ** i) % 2 === 0)],
  }));
  return { masks, encodings };
}

/**
 * The array's fill value, and whether unwritten elements hold it. GDAL takes it for nodata, so what CF's
 * attributes call missing comes first, then what the writer chose; HDF5's own zeros are data.
 *
 * @param unwritten the bytes of an element that was never written
 */
function fillOf(
  { dataType, value, shape }: Pick<Element, "dataType" | "value" | "shape">,
  unwritten: Uint8Array,
  attributes: JsonObject,
): { readonly fill: Json; readonly isHdf5s: boolean } {
  const isChosen = unwritten.some((byte) => byte !== 0);
  // Elements that are arrays may be filled with different values.
  if (isChosen && shape.length > 0) {
    return { fill: missingValue(attributes, dataType), isHdf5s: false };
  }
  const { buffer, byteOffset, byteLength } = unwritten;
  const own = value(new DataView(buffer, byteOffset, byteLength), 0);
  const isNamed = attributes._FillValue !== undefined || !isChosen;
  const fill = isNamed ? missingValue(attributes, dataType) : own;
  return { fill, isHdf5s: isOneValue(fill, own, dataType) };
}

/** True if clients see the same in two spellings of a fill value. */
function isOneValue(a: Json, b: Json, dataType: DataType): boolean {
  switch (dataTypeKind(dataType)) {
    case "float":
      return Object.is(floatValue(a, dataType), floatValue(b, dataType));
    case "uint":
      // GDAL takes those above int64 for its end.
      return stringifyJson(a) === stringifyJson(b) && (integerValue(a) ?? 0n) < 2n ** 63n;
    default:
      return stringifyJson(a) === stringifyJson(b);
  }
}
