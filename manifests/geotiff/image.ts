/** What one directory says of its image: its size, its tiles, what a pixel is. Source: TIFF 6.0. */

import { malformedTiff } from "./entry.ts";
import { TAG } from "./tags.ts";
import type { Directory } from "./tiff_file.ts";

/** An image in TIFF's own terms. */
export interface Image {
  /** Where all of this stands. */
  readonly directory: Directory;
  /** Columns, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
  /** Values of a pixel, at least 1. */
  readonly samples: number;
  /** True if the samples of a pixel stand together; false if each sample has tiles of its own. */
  readonly interleaved: boolean;
  /** Columns of a stored tile; a strip is a tile as wide as the image. */
  readonly tileWidth: number;
  /** Rows of a stored tile. */
  readonly tileHeight: number;
  /** Tiles beside each other. */
  readonly across: number;
  /** Tiles above each other, of one sample where samples have tiles of their own. */
  readonly down: number;
  /** Rows of the last strip, where it is shorter than the others. */
  readonly lastRows?: number;
  /** Bits of a value. */
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 float, 5 complex of integers, 6 complex of floats. */
  readonly format: number;
  /** What tag 259 says; 1 is none. */
  readonly compression: number;
  /** 1 is none. */
  readonly predictor: number;
  /** What colours are; 4 is a mask. */
  readonly photometric: number;
  /** True for an overview: a smaller image of the same. */
  readonly isReduced: boolean;
  /** True for a mask of another image. */
  readonly isMask: boolean;
  /** Why its values cannot be told; undefined if they can. */
  readonly unsupported?: string;
}

/** Pixels that a side of an image has at most. */
const MAX_SIDE = 2 ** 31;
const MAX_SAMPLES = 65535;

/** Reads a directory. @throws IndexError */
export function readImage(directory: Directory): Image {
  const number = (tag: number, otherwise: number) => directory.number(tag) ?? otherwise;
  const width = side(directory, TAG.imageWidth);
  const height = side(directory, TAG.imageLength);
  const samples = number(TAG.samplesPerPixel, 1);
  if (!(samples >= 1 && samples <= MAX_SAMPLES)) {
    throw malformedTiff(`a pixel has ${samples} samples`);
  }
  const isTiled = directory.entry(TAG.tileOffsets) !== undefined ||
    directory.entry(TAG.tileWidth) !== undefined;
  const tileWidth = isTiled ? side(directory, TAG.tileWidth) : width;
  const declaredRows = isTiled ? side(directory, TAG.tileLength) : number(TAG.rowsPerStrip, height);
  const tileHeight = isTiled ? declaredRows : Math.min(declaredRows || height, height);
  const down = Math.ceil(height / tileHeight);
  const lastRows = isTiled ? 0 : height % tileHeight;
  const allBits = directory.numbers(TAG.bitsPerSample) ?? [1];
  const allFormats = directory.numbers(TAG.sampleFormat) ?? [1];
  const subfile = number(TAG.newSubfileType, 0);
  const photometric = number(TAG.photometric, 1);
  const image: Image = {
    directory,
    width,
    height,
    samples,
    interleaved: samples > 1 && number(TAG.planarConfiguration, 1) !== 2,
    tileWidth,
    tileHeight,
    across: Math.ceil(width / tileWidth),
    down,
    ...(lastRows > 0 && { lastRows }),
    bits: allBits[0],
    format: allFormats[0] === 4 ? 1 : allFormats[0],
    compression: number(TAG.compression, 1),
    predictor: number(TAG.predictor, 1),
    photometric,
    isReduced: (subfile & 1) !== 0,
    isMask: (subfile & 4) !== 0 || photometric === 4,
  };
  const unsupported = allBits.some((bits) => bits !== allBits[0])
    ? `its tag BitsPerSample (258) is ${allBits.join(", ")}: its bands differ in type`
    : allFormats.some((format) => format !== allFormats[0])
    ? `its tag SampleFormat (339) is ${allFormats.join(", ")}: its bands differ in type`
    : number(TAG.fillOrder, 1) !== 1
    ? `its tag FillOrder (266) is ${number(TAG.fillOrder, 1)}: its bits are in reverse`
    : undefined;
  return unsupported === undefined ? image : { ...image, unsupported };
}

/** Tiles of an image. */
export function tileCount({ across, down, samples, interleaved }: Image): number {
  return across * down * (interleaved ? 1 : samples);
}

function side(directory: Directory, tag: number): number {
  const length = directory.number(tag);
  if (length === undefined || !(length >= 1 && length < MAX_SIDE)) {
    throw malformedTiff(`tag ${tag} is ${length}`);
  }
  return length;
}
