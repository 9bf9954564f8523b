/** GeoKeys: the coordinate reference system of a GeoTIFF. Source: GeoTIFF 1.1 (OGC 19-008), section 7. */

import type { Json } from "../../src/json.ts";
import { textOf } from "./entry.ts";
import { TAG } from "./tags.ts";
import type { Directory } from "./tiff_file.ts";

/** Key numbers by name. */
export const GEO_KEY = {
  modelType: 1024,
  rasterType: 1025,
  citation: 1026,
  geodeticCrs: 2048,
  projectedCrs: 3072,
  verticalCrs: 4096,
} as const;

/** What a key that names no registered thing has. */
export const USER_DEFINED = 32767;

/** What the keys of an image say, by number: numbers, or text. */
export type GeoKeys = ReadonlyMap<number, number | string | readonly number[]>;

/** Keys at most. */
const MAX_KEYS = 4096;

/** The keys of a directory; empty if it has none, or none that lead anywhere. Never throws. */
export function readGeoKeys(directory: Directory): GeoKeys {
  const keys = new Map<number, number | string | readonly number[]>();
  const words = directory.numbers(TAG.geoKeyDirectory) ?? [];
  const doubles = directory.numbers(TAG.geoDoubleParams) ?? [];
  const ascii = directory.bytes(TAG.geoAsciiParams) ?? new Uint8Array(0);
  const count = Math.min(words[3] ?? 0, MAX_KEYS, Math.floor(words.length / 4) - 1);
  for (let i = 1; i <= count; i++) {
    const [key, location, length, value] = words.slice(4 * i, 4 * i + 4);
    if (location === 0) keys.set(key, value);
    else if (location === TAG.geoAsciiParams) {
      keys.set(key, textOf(ascii.subarray(value, value + length)).replace(/[|\0]+$/, ""));
    } else if (location === TAG.geoDoubleParams) {
      const found = doubles.slice(value, value + length);
      if (found.length > 0) keys.set(key, length === 1 ? found[0] : found);
    }
  }
  return keys;
}

/** The number of a key; undefined if it has none. */
export function keyNumber(keys: GeoKeys, key: number): number | undefined {
  const value = keys.get(key);
  return typeof value === "number" ? value : undefined;
}

/** The registered CRS (`EPSG:32631`) that keys name; undefined if they describe one, or none. */
export function crsCode(keys: GeoKeys): string | undefined {
  const model = keyNumber(keys, GEO_KEY.modelType);
  const projected = keyNumber(keys, GEO_KEY.projectedCrs);
  const geodetic = keyNumber(keys, GEO_KEY.geodeticCrs);
  const code = model === 1 || model === undefined && projected !== undefined ? projected : geodetic;
  return code !== undefined && code >= 1024 && code < USER_DEFINED ? `EPSG:${code}` : undefined;
}

/** Keys as JSON, by number: for CRSs that have no name. */
export function geoKeysJson(keys: GeoKeys): Readonly<Record<string, Json>> {
  return Object.fromEntries(keys);
}
