/** What clients are told of an image in words: its place on the earth, its sizes, its values. Source: FORMATS 8.5, 10. */

import type { Json, JsonObject } from "../../src/json.ts";
import { boundsOf, isUpright } from "./affine.ts";
import { crsWkt } from "./crs_wkt.ts";
import { crsCode, GEO_KEY, type GeoKeys, geoKeysJson, keyNumber } from "./geo_keys.ts";
import type { MetadataItem } from "./gdal_metadata.ts";
import type { Level, Page } from "./pages.ts";
import { TAG } from "./tags.ts";

/** The name of the variable that the CRS is told by. */
export const GRID_MAPPING = "spatial_ref";

const README = "https://github.com/zarr-conventions";
const SCHEMAS = "https://raw.githubusercontent.com/zarr-conventions";

function convention(repository: string, uuid: string, tag: string, about: string): JsonObject {
  return {
    schema_url: `${SCHEMAS}/${repository}/refs/tags/${tag}/schema.json`,
    spec_url: `${README}/${repository}/blob/${tag}/README.md`,
    uuid,
    name: repository.replace(/^geo-/, ""),
    description: about,
  };
}

const PROJ = convention(
  "proj",
  "f17cb550-5864-4468-aeb7-f3180cfb622f",
  "v0.1",
  "Coordinate reference system of geospatial data",
);
const SPATIAL = convention(
  "spatial",
  "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4",
  "v0.1",
  "Where the pixels of an array are",
);
const MULTISCALES = convention(
  "multiscales",
  "d35379db-88df-4056-af3a-620245f8e347",
  "v1",
  "The sizes that an image has",
);

/** True if anything is known of where an image lies. */
export function isPlaced({ affine, page }: Level): boolean {
  return affine !== undefined || page.keys.size > 0;
}

/** The CRS in GeoZarr's terms: its code if it has one, else its description; nothing if neither is known. */
function projAttributes(keys: GeoKeys): JsonObject {
  const code = crsCode(keys);
  if (code !== undefined) return { "proj:code": code };
  const wkt = crsWkt(keys);
  return wkt === undefined ? {} : { "proj:wkt2": wkt };
}

/** Attributes of the group that shows a size of an image. */
export function groupAttributes(level: Level): JsonObject {
  const { page, affine, image: { width, height, directory } } = level;
  const proj = projAttributes(page.keys);
  const isKnown = Object.keys(proj).length > 0;
  const isFull = level === page.levels[0];
  const sizes = isFull && page.levels.length > 1 ? page.levels : undefined;
  const conventions = [isKnown && PROJ, affine && SPATIAL, sizes && MULTISCALES]
    .filter((each) => typeof each === "object");
  const colors = isFull ? directory.numbers(TAG.colorMap) : undefined;
  return {
    ...(conventions.length > 0 && { zarr_conventions: conventions }),
    ...proj,
    ...(affine && {
      "spatial:dimensions": ["y", "x"],
      "spatial:transform": affine,
      "spatial:bbox": boundsOf(affine, width, height),
      "spatial:shape": [height, width],
      "spatial:registration": "pixel",
    }),
    ...(sizes && { multiscales: { layout: sizes.map(layoutItem) } }),
    ...(!isKnown && page.keys.size > 0 && { "gdal:geo_keys": geoKeysJson(page.keys) }),
    ...(colors && { "gdal:color_table": colorTable(colors) }),
  };
}

function layoutItem(level: Level, i: number): JsonObject {
  const { page: { levels }, image, affine } = level;
  const [full, ...rest] = levels;
  const above = rest.length > 0 && i > 0 ? levels[i - 1] : full;
  const bands = image.samples > 1 ? [1] : [];
  return {
    asset: `${i}`,
    ...(i > 0 && { derived_from: `${i - 1}` }),
    transform: {
      scale: [...bands, above.image.height / image.height, above.image.width / image.width],
      translation: [...bands.map(() => 0), 0, 0],
    },
    "spatial:shape": [image.height, image.width],
    ...(affine && { "spatial:transform": affine }),
  };
}

/** Colours of GDAL's table: red, green, blue and alpha, each 0 to 255. */
function colorTable(map: readonly number[]): Json {
  const count = Math.floor(map.length / 3);
  const part = (at: number) => Math.floor(map[at] / 257);
  return Array.from({ length: count }, (_, i) => [
    part(i),
    part(count + i),
    part(2 * count + i),
    255,
  ]);
}

/** Attributes that place an array of pixels. */
export function placeAttributes(level: Level): JsonObject {
  if (!isPlaced(level)) return {};
  return {
    grid_mapping: GRID_MAPPING,
    coordinates: GRID_MAPPING,
    ...projAttributes(level.page.keys),
  };
}

/** Attributes of the variable that names the CRS. */
export function mappingAttributes({ affine, page }: Level): JsonObject {
  const crs = crsCode(page.keys) ?? crsWkt(page.keys);
  return {
    ...(crs !== undefined && { crs_wkt: crs, spatial_ref: crs }),
    ...(affine && {
      GeoTransform: [affine[2], affine[0], affine[1], affine[5], affine[3], affine[4]].join(" "),
    }),
  };
}

/** Attributes that tell what the values of an image mean. */
export function valueAttributes({ metadata, keys }: Page, samples: number): JsonObject {
  const scales = numbersOf(metadata, "scale", samples, 1);
  const offsets = numbersOf(metadata, "offset", samples, 0);
  const units = textsOf(metadata, "unittype", samples);
  const names = textsOf(metadata, "description", samples);
  const own: Record<string, Json> = {};
  for (const { name, value, sample, role, domain } of metadata) {
    const isFree = sample === undefined && role === undefined && domain === undefined;
    if (isFree && !RESERVED.has(name) && !/^_|:/.test(name)) own[name] = value;
  }
  const isDecoded = one(scales) !== undefined && one(offsets) !== undefined;
  const isScaled = [...scales, ...offsets].length > 0 &&
    (scales.some((scale) => scale !== 1) || offsets.some((offset) => offset !== 0));
  return {
    ...own,
    AREA_OR_POINT: keyNumber(keys, GEO_KEY.rasterType) === 2 ? "Point" : "Area",
    ...(isScaled &&
      (isDecoded ? { scale_factor: scales[0], add_offset: offsets[0] } : { scales, offsets })),
    ...(units && { units: one(units) ?? units }),
    ...(names && { long_name: one(names) ?? names }),
  };
}

/** Names that xarray or CF give a meaning of their own. */
const RESERVED: ReadonlySet<string> = new Set([
  "AREA_OR_POINT",
  "add_offset",
  "calendar",
  "coordinates",
  "dtype",
  "flag_masks",
  "flag_meanings",
  "flag_values",
  "grid_mapping",
  "long_name",
  "missing_value",
  "offsets",
  "scale_factor",
  "scales",
  "units",
  "valid_max",
  "valid_min",
  "valid_range",
]);

/** The one value of all bands; undefined if they differ. */
function one<T>(values: readonly T[]): T | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

function numbersOf(
  items: readonly MetadataItem[],
  role: string,
  samples: number,
  otherwise: number,
): number[] {
  const values = new Array<number>(samples).fill(otherwise);
  for (const { role: its, sample = 0, value } of items) {
    const number = Number(value);
    if (its === role && sample < samples && Number.isFinite(number)) values[sample] = number;
  }
  return values;
}

function textsOf(
  items: readonly MetadataItem[],
  role: string,
  samples: number,
): string[] | undefined {
  const found = items.filter(({ role: its, sample = 0 }) => its === role && sample < samples);
  if (found.length === 0) return undefined;
  const values = new Array<string>(samples).fill("");
  for (const { sample = 0, value } of found) values[sample] = value;
  return values;
}

/** True if the image has coordinates along its rows and columns. */
export function hasCoordinates({ affine }: Level): boolean {
  return affine !== undefined && isUpright(affine);
}
