/** Which directories of a file are images of their own, which are another's overviews and masks. */

import { type Affine, readAffine, scaled } from "./affine.ts";
import { type MetadataItem, parseGdalMetadata } from "./gdal_metadata.ts";
import { type GeoKeys, readGeoKeys } from "./geo_keys.ts";
import { type Image, readImage } from "./image.ts";
import { TAG } from "./tags.ts";
import type { Directory } from "./tiff_file.ts";

/** An image in one of its sizes. */
export interface Level {
  /** The path of the group that shows it. */
  readonly path: string;
  /** The image itself. */
  readonly image: Image;
  /** Its mask, of the same size. */
  readonly mask?: Image;
  /** From its pixels to coordinates, where that is known. */
  readonly affine?: Affine;
  /** The image that it is a size of. */
  readonly page: Page;
}

/** An image with all its sizes and what is known of it. */
export interface Page {
  /** The path of the group that shows its full size; the first image's is `""`. */
  readonly path: string;
  /** Its sizes, largest first; at least the full one. */
  readonly levels: readonly Level[];
  /** Its coordinate reference system, as far as keys tell it. */
  readonly keys: GeoKeys;
  /** What GDAL says of it. */
  readonly metadata: readonly MetadataItem[];
  /** The value that stands for no data, as text. */
  readonly nodata?: string;
}

/** Sorts the directories of a file. @throws IndexError if one is malformed */
export function readPages(directories: readonly Directory[]): readonly Page[] {
  const groups: Array<{ path: string; full: Image; overviews: Image[]; masks: Image[] }> = [];
  for (const directory of directories) {
    const image = readImage(directory);
    const current = groups.at(-1);
    if (current && image.isMask) current.masks.push(image);
    else if (current && isOverview(image, current.full)) current.overviews.push(image);
    else {
      const path = groups.length === 0 ? "" : `page_${directory.page! + 1}`;
      groups.push({ path, full: image, overviews: [], masks: [] });
    }
    for (const inner of directory.inside) {
      const inside = readImage(inner);
      const { full, overviews, masks } = groups.at(-1)!;
      if (inside.isMask) masks.push(inside);
      else if (isSmaller(inside, full)) overviews.push(inside);
    }
  }
  return groups.map(({ path, full, overviews, masks }) => {
    const { directory } = full;
    const keys = readGeoKeys(directory);
    const affine = readAffine(directory, keys);
    const nodata = directory.text(TAG.gdalNodata);
    const images = [full, ...overviews.sort((a, b) => b.width - a.width || b.height - a.height)];
    const levels: Level[] = [];
    const page: Page = {
      path,
      levels,
      keys,
      metadata: parseGdalMetadata(directory.text(TAG.gdalMetadata) ?? ""),
      ...(nodata !== undefined && { nodata: nodata.trim() }),
    };
    images.forEach((image, i) => {
      const mask = masks.find(({ width, height }) =>
        width === image.width && height === image.height
      );
      levels.push({
        path: i === 0 ? path : path === "" ? `${i}` : `${path}/${i}`,
        image,
        ...(mask && { mask }),
        ...(affine && {
          affine: scaled(affine, full.width / image.width, full.height / image.height),
        }),
        page,
      });
    });
    return page;
  });
}

function isOverview(image: Image, full: Image): boolean {
  return image.isReduced && isSmaller(image, full);
}

/** True for a smaller image of the same kind. */
function isSmaller(image: Image, full: Image): boolean {
  return image.samples === full.samples && image.bits === full.bits &&
    image.format === full.format && image.width <= full.width && image.height <= full.height &&
    (image.width < full.width || image.height < full.height);
}
