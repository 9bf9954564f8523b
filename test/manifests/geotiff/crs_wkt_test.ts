import assert from "node:assert/strict";
import { crsWkt } from "../../../manifests/geotiff/crs_wkt.ts";

const ALBERS: ReadonlyArray<[number, number | string]> = [
  [1024, 1],
  [2048, 4269],
  [3072, 32767],
  [3073, "Conus"],
  [3075, 11],
  [3076, 9001],
  [3078, 29.5],
  [3079, 45.5],
  [3080, -96],
  [3081, 23],
];

Deno.test("keys that describe a projection are its WKT", () => {
  assert.equal(
    crsWkt(new Map(ALBERS)),
    'PROJCS["Conus",GEOGCS["NAD83",DATUM["North_American_Datum_1983",' +
      'SPHEROID["GRS 1980",6378137,298.257222101],AUTHORITY["EPSG","6269"]],PRIMEM["Greenwich",0],' +
      'UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4269"]],' +
      'PROJECTION["Albers_Conic_Equal_Area"],PARAMETER["latitude_of_center",23],' +
      'PARAMETER["longitude_of_center",-96],PARAMETER["standard_parallel_1",29.5],' +
      'PARAMETER["standard_parallel_2",45.5],PARAMETER["false_easting",0],' +
      'PARAMETER["false_northing",0],UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]',
  );
});

Deno.test("keys that leave something out, or name what is not known, are no WKT", async (t) => {
  const cases: Array<[title: string, key: number, value: number | undefined]> = [
    ["no parallel", 3078, undefined],
    ["no method", 3075, undefined],
    ["another method", 3075, 4],
    ["another unit", 3076, 9036],
    ["another datum", 2048, 4979],
    ["grads", 2054, 9105],
    ["the meridian of Paris", 2051, 8903],
  ];
  for (const [title, key, value] of cases) {
    await t.step(title, () => {
      const keys = new Map(ALBERS);
      if (value === undefined) keys.delete(key);
      else keys.set(key, value);
      assert.equal(crsWkt(keys), undefined);
    });
  }
});
