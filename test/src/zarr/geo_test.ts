import assert from "node:assert/strict";
import { gridMappingName, withGeoAttributes } from "../../../src/zarr/geo.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { ArrayMetadata } from "../../../src/zarr/metadata.ts";

const WKT1 = 'PROJCS["x",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32631"]]';
const WKT2 = 'PROJCRS["x",BASEGEOGCRS["WGS 84",ID["EPSG",4326]],CS[Cartesian,2],ID["EPSG",32631]]';
const PLAIN = 'GEOGCS["a sphere",DATUM["d",SPHEROID["s",6371000,0]]]';

function array(attributes: JsonObject = {}, names = ["time", "y", "x"]): ArrayMetadata {
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [2, 30, 40],
    data_type: "float32",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [1, 30, 40] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [],
    attributes: { grid_mapping: "crs", ...attributes },
    dimension_names: names,
  };
}
const added = (mapping: JsonObject, own: JsonObject = {}) =>
  withGeoAttributes(array(own), mapping).attributes as Record<string, unknown>;

Deno.test("gridMappingName() takes CF's short and long form", () => {
  assert.equal(gridMappingName({ grid_mapping: "crs" }), "crs");
  assert.equal(gridMappingName({ grid_mapping: " crs: x y wgs: lat lon" }), "crs");
  assert.equal(gridMappingName({ grid_mapping: 3 }), undefined);
  assert.equal(gridMappingName({}), undefined);
});

Deno.test("a grid mapping's CRS is written as text that GDAL reads, its code the whole CRS's own", () => {
  const grid_mapping = "crs";
  assert.deepEqual(added({ crs_wkt: WKT1 }), {
    grid_mapping,
    "proj:code": "EPSG:32631",
    "proj:wkt2": WKT1,
  });
  assert.deepEqual(added({ spatial_ref: WKT2 }), {
    grid_mapping,
    "proj:code": "EPSG:32631",
    "proj:wkt2": WKT2,
  });
  assert.deepEqual(added({ crs_wkt: PLAIN }), { grid_mapping, "proj:wkt2": PLAIN });
  assert.deepEqual(added({ epsg_code: "EPSG:3857" }), { grid_mapping, "proj:code": "EPSG:3857" });
});

Deno.test("a GeoTransform is not passed on: GDAL writes it for rows the other way round", () => {
  const attributes = added({ crs_wkt: WKT2, GeoTransform: "500000 10 0 4600000 0 -10 " });
  assert.deepEqual(Object.keys(attributes).filter((name) => name.startsWith("spatial:")), []);
});

Deno.test("what says nothing, or is said already, is left alone", () => {
  const silent = array();
  assert.equal(withGeoAttributes(silent, { grid_mapping_name: "latitude_longitude" }), silent);
  assert.equal(withGeoAttributes(silent, { crs_wkt: "", spatial_ref: "EPSG:4326" }), silent);
  const own = array({ "proj:code": "EPSG:4326" });
  assert.equal(withGeoAttributes(own, { crs_wkt: WKT1 }), own);
  const unnamed: ArrayMetadata = { ...array(), dimension_names: ["time", "y", null] };
  assert.equal(withGeoAttributes(unnamed, { crs_wkt: WKT1 }), unnamed);
});
