/** From pixels to coordinates. Sources: GeoTIFF 1.1, annex B.6; GDAL's `geotiff.cpp` for PixelIsPoint. */

import { GEO_KEY, type GeoKeys, keyNumber } from "./geo_keys.ts";
import { TAG } from "./tags.ts";
import type { Directory } from "./tiff_file.ts";

/** x = a·column + b·row + c, y = d·column + e·row + f; (0, 0) is the outer corner of the first pixel. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The transform of a directory; undefined if it has none. */
export function readAffine(directory: Directory, keys: GeoKeys): Affine | undefined {
  const affine = fromMatrix(directory) ?? fromTiepoint(directory);
  if (!affine || !affine.every(Number.isFinite)) return undefined;
  const [a, b, c, d, e, f] = affine;
  // Coordinates of points are those of the pixels' centres.
  return keyNumber(keys, GEO_KEY.rasterType) === 2
    ? [a, b, c - (a + b) / 2, d, e, f - (d + e) / 2]
    : affine;
}

function fromMatrix(directory: Directory): Affine | undefined {
  const m = directory.numbers(TAG.modelTransformation);
  return m && m.length >= 16 ? [m[0], m[1], m[3], m[4], m[5], m[7]] : undefined;
}

function fromTiepoint(directory: Directory): Affine | undefined {
  const scale = directory.numbers(TAG.modelPixelScale);
  const tie = directory.numbers(TAG.modelTiepoint);
  if (!scale || !tie || scale.length < 2 || tie.length < 6) return undefined;
  const [sx, sy] = scale;
  if (sx === 0 || sy === 0) return undefined;
  // GDAL takes a negative scale of y for what was meant by its absolute value.
  const height = Math.abs(sy);
  return [sx, 0, tie[3] - tie[0] * sx, 0, -height, tie[4] + tie[1] * height];
}

/** The transform of the same area in pixels of `x` columns and `y` rows. */
export function scaled([a, b, c, d, e, f]: Affine, x: number, y: number): Affine {
  return [a * x, b * y, c, d * x, e * y, f];
}

/** True if rows and columns run along the axes. */
export function isUpright([, b, , d]: Affine): boolean {
  return b === 0 && d === 0;
}

/** The area of `width` columns and `height` rows: least x and y, greatest x and y. */
export function boundsOf([a, b, c, d, e, f]: Affine, width: number, height: number): number[] {
  const corners = [[0, 0], [width, 0], [0, height], [width, height]];
  const xs = corners.map(([column, row]) => a * column + b * row + c);
  const ys = corners.map(([column, row]) => d * column + e * row + f);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
