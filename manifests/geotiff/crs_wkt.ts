/**
 * A coordinate reference system that no registry names, as WKT: its keys say all of it. WKT 1, which every
 * client takes. Sources: GeoTIFF 1.1, annex C; OGC 01-009; GDAL's `gt_wkt_srs.cpp` for how it names parameters.
 */

import { GEO_KEY, type GeoKeys, keyNumber, USER_DEFINED } from "./geo_keys.ts";

/** What keys a parameter may stand under, the first that is there. */
type Parameter = readonly [name: string, keys: readonly number[], otherwise?: number];

const FALSE_ORIGIN: readonly Parameter[] = [
  ["false_easting", [3082, 3086, 3090], 0],
  ["false_northing", [3083, 3087, 3091], 0],
];
const LATITUDE: Parameter = ["latitude_of_origin", [3081, 3085, 3089], 0];
const MERIDIAN: Parameter = ["central_meridian", [3080, 3084, 3088], 0];
const SCALE: Parameter = ["scale_factor", [3092, 3093], 1];
const PARALLELS: readonly Parameter[] = [
  ["standard_parallel_1", [3078]],
  ["standard_parallel_2", [3079]],
];
const CENTER: readonly Parameter[] = [
  ["latitude_of_center", [3089, 3081], 0],
  ["longitude_of_center", [3088, 3080], 0],
];

/** Projections by the number of their method. */
const METHODS: Readonly<Record<number, readonly [name: string, parameters: readonly Parameter[]]>> =
  {
    1: ["Transverse_Mercator", [LATITUDE, MERIDIAN, SCALE]],
    7: ["Mercator_1SP", [MERIDIAN, SCALE]],
    8: ["Lambert_Conformal_Conic_2SP", [LATITUDE, MERIDIAN, ...PARALLELS]],
    9: ["Lambert_Conformal_Conic_1SP", [LATITUDE, MERIDIAN, SCALE]],
    10: ["Lambert_Azimuthal_Equal_Area", CENTER],
    11: ["Albers_Conic_Equal_Area", [
      ["latitude_of_center", [3081, 3089, 3085], 0],
      ["longitude_of_center", [3080, 3088, 3084], 0],
      ...PARALLELS,
    ]],
    15: ["Polar_Stereographic", [
      ["latitude_of_origin", [3081, 3078]],
      ["central_meridian", [3095, 3080], 0],
      SCALE,
    ]],
    24: ["Sinusoidal", [["longitude_of_center", [3088, 3080], 0]]],
  };

/** Ellipsoids by code: name, semi-major axis in metres, inverse flattening. */
const ELLIPSOIDS: Readonly<Record<number, readonly [name: string, axis: number, inverse: number]>> =
  {
    7004: ["Bessel 1841", 6377397.155, 299.1528128],
    7008: ["Clarke 1866", 6378206.4, 294.978698213898],
    7019: ["GRS 1980", 6378137, 298.257222101],
    7022: ["International 1924", 6378388, 297],
    7030: ["WGS 84", 6378137, 298.257223563],
  };

/** Geographic CRSs by code: name, datum. */
const GEODETIC: Readonly<Record<number, readonly [name: string, datum: number]>> = {
  4258: ["ETRS89", 6258],
  4267: ["NAD27", 6267],
  4269: ["NAD83", 6269],
  4326: ["WGS 84", 6326],
};

/** Datums by code: name, ellipsoid. */
const DATUMS: Readonly<Record<number, readonly [name: string, code: number]>> = {
  6258: ["European_Terrestrial_Reference_System_1989", 7019],
  6267: ["North_American_Datum_1927", 7008],
  6269: ["North_American_Datum_1983", 7019],
  6326: ["WGS_1984", 7030],
};

/** Metres of a linear unit, and its name. */
const UNITS: Readonly<Record<number, readonly [name: string, metres: number]>> = {
  9001: ["metre", 1],
  9002: ["foot", 0.3048],
  9003: ["US survey foot", 0.3048006096012192],
};

/** The WKT of keys that describe a CRS; undefined if they name one, or leave out what it takes. */
export function crsWkt(keys: GeoKeys): string | undefined {
  const model = keyNumber(keys, GEO_KEY.modelType);
  if (model === 2) {
    return geographic(keys, ',AXIS["Latitude",NORTH],AXIS["Longitude",EAST]');
  }
  if (model !== 1 || keyNumber(keys, GEO_KEY.projectedCrs) !== USER_DEFINED) return undefined;
  const base = geographic(keys);
  const method = METHODS[keyNumber(keys, 3075) ?? -1];
  const unit = linearUnit(keys);
  if (!base || !method || !unit) return undefined;
  const [projection, own] = method;
  const parameters: string[] = [];
  for (const [name, places, otherwise] of [...own, ...FALSE_ORIGIN]) {
    const value = places.map((key) => keyNumber(keys, key)).find((each) => each !== undefined) ??
      otherwise;
    if (value === undefined) return undefined;
    parameters.push(`PARAMETER["${name}",${value}]`);
  }
  const name = quoted(
    nameOf(keys, 3073, "PCS Name") ?? nameOf(keys, GEO_KEY.citation) ?? "unnamed",
  );
  const [unitName, metres] = unit;
  return `PROJCS[${name},${base},PROJECTION["${projection}"],${parameters.join(",")},` +
    `UNIT["${unitName}",${metres}],${axesOf(projection, parameters[0])}]`;
}

/** Both axes of a map around a pole lead away from it. */
function axesOf(projection: string, latitude: string): string {
  if (projection !== "Polar_Stereographic") return 'AXIS["Easting",EAST],AXIS["Northing",NORTH]';
  const away = latitude.includes(",-") ? "NORTH" : "SOUTH";
  return `AXIS["Easting",${away}],AXIS["Northing",${away}]`;
}

function geographic(keys: GeoKeys, axes = ""): string | undefined {
  const code = keyNumber(keys, GEO_KEY.geodeticCrs) ?? USER_DEFINED;
  const known = GEODETIC[code];
  if (code !== USER_DEFINED && !known) return undefined;
  // Angles in anything but degrees, and meridians other than Greenwich's, are not described here.
  const angular = keyNumber(keys, 2054) ?? 9102;
  const meridian = keyNumber(keys, 2051) ?? 8901;
  if (angular !== 9102 || meridian !== 8901) return undefined;
  const registered = known?.[1] ?? keyNumber(keys, 2050);
  const named = DATUMS[registered ?? USER_DEFINED];
  const ellipsoid = ellipsoidOf(keys, named?.[1]);
  if (!ellipsoid) return undefined;
  const [shape, axis, inverse] = ellipsoid;
  const citation = nameOf(keys, 2049, "GCS Name") ?? "unnamed";
  const datum = named?.[0] ?? nameOf(keys, 2049, "Datum", false) ?? "unknown";
  return `GEOGCS[${quoted(known?.[0] ?? citation)},DATUM[${quoted(datum)},` +
    `SPHEROID[${quoted(shape)},${axis},${inverse}]${
      named ? `,AUTHORITY["EPSG","${registered}"]` : ""
    }],PRIMEM["Greenwich",0],` +
    `UNIT["degree",0.0174532925199433]${axes}${known ? `,AUTHORITY["EPSG","${code}"]` : ""}]`;
}

function ellipsoidOf(keys: GeoKeys, known: number | undefined) {
  const axis = keyNumber(keys, 2057);
  const semiMinor = keyNumber(keys, 2058);
  const inverse = keyNumber(keys, 2059) ??
    (axis === undefined || semiMinor === undefined
      ? undefined
      : axis === semiMinor
      ? 0
      : axis / (axis - semiMinor));
  const registered = ELLIPSOIDS[known ?? keyNumber(keys, 2056) ?? -1];
  if (axis === undefined || inverse === undefined) return registered;
  // What a file says of its own goes before what a code means.
  const name = registered?.[0] ?? nameOf(keys, 2049, "Ellipsoid", false) ?? "unnamed";
  return [name, axis, inverse] as const;
}

function linearUnit(keys: GeoKeys): readonly [string, number] | undefined {
  const code = keyNumber(keys, 3076) ?? 9001;
  const metres = keyNumber(keys, 3077);
  return code === USER_DEFINED && metres !== undefined ? ["unknown", metres] : UNITS[code];
}

/**
 * A name in a citation, which GDAL writes as `GCS Name = …|Datum = …|Ellipsoid = …`.
 *
 * @param whole whether a citation without such parts is the name itself
 */
function nameOf(keys: GeoKeys, key: number, part?: string, whole = true): string | undefined {
  const citation = keys.get(key);
  if (typeof citation !== "string" || citation === "") return undefined;
  const parts = new Map(
    citation.split("|").map((each) => {
      const equals = each.indexOf("=");
      return [each.slice(0, Math.max(0, equals)).trim(), each.slice(equals + 1).trim()];
    }),
  );
  if (part !== undefined && parts.has(part)) return parts.get(part);
  return whole && !citation.includes("|") && !citation.includes("=") ? citation : undefined;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', "")}"`;
}
