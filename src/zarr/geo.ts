/**
 * Where an array lies on the earth, said so that every client finds it: a CRS known from a CF grid
 * mapping is also written as the attributes `proj:code` and `proj:wkt2` of GeoZarr's convention. All
 * else has cost more than it gave. `_CRS` and the list `zarr_conventions` are objects, with which
 * xarray writes no NetCDF file; GDAL takes `proj:wkt2` without them, and WKT 1 in it as PROJ does (it
 * finds short grid mappings by itself, but not the form "crs: x y"). A grid mapping's `GeoTransform`
 * GDAL writes for rows from the north where the file's run from the south, and clients that believed it
 * would turn the map over. The coordinates tell the truth.
 * Sources: CF conventions §5.6; zarr-conventions/proj, v0.1; GDAL's Zarr and netCDF drivers.
 */

import type { JsonObject } from "../json.ts";
import type { ArrayMetadata } from "./metadata.ts";

/** What WKT of either version starts with. */
const WKT = /^\s*[A-Z_]+\s*[\[(]/i;

/** The identifier at the end of WKT: the CRS's own, not one of its parts'. */
const IDENTIFIER = /(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?(\d+)"?\s*\]\s*\]\s*$/;

/** The name of the grid mapping variable that an array's attributes point to. */
export function gridMappingName(attributes: JsonObject | undefined): string | undefined {
  const value = attributes?.grid_mapping;
  // The long form is "crs: x y other: lat lon"; the first one is for the array's own axes.
  return typeof value === "string" ? /^\s*([^\s:/]+)/.exec(value)?.[1] : undefined;
}

/**
 * `metadata` with what its grid mapping variable says of the CRS, for other conventions; unchanged if
 * it says nothing that they can take, or if the array has their attributes.
 *
 * @param mapping attributes of the grid mapping variable
 */
export function withGeoAttributes(metadata: ArrayMetadata, mapping: JsonObject): ArrayMetadata {
  const attributes = metadata.attributes ?? {};
  const names = metadata.dimension_names?.slice(-2);
  const isTaken = Object.keys(attributes).some((name) =>
    name === "zarr_conventions" || name === "_CRS" || /^(proj|spatial):/.test(name)
  );
  if (isTaken || names?.length !== 2 || names.includes(null)) return metadata;
  const crs = crsAttributes(mapping);
  return crs ? { ...metadata, attributes: { ...attributes, ...crs } } : metadata;
}

function crsAttributes(mapping: JsonObject): JsonObject | undefined {
  const wkt = [mapping.crs_wkt, mapping.spatial_ref].find((text) =>
    typeof text === "string" && WKT.test(text)
  ) as string | undefined;
  const named = typeof mapping.epsg_code === "string"
    ? /^\s*(?:EPSG:)?(\d+)\s*$/i.exec(mapping.epsg_code)?.[1]
    : undefined;
  const epsg = (wkt && IDENTIFIER.exec(wkt)?.[1]) ?? named;
  if (wkt === undefined && epsg === undefined) return undefined;
  return {
    ...(epsg === undefined ? {} : { "proj:code": `EPSG:${epsg}` }),
    ...(wkt === undefined ? {} : { "proj:wkt2": wkt }),
  };
}
