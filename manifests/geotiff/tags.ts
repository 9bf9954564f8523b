/** The tags of TIFF directories that are read here. Sources: TIFF 6.0; GeoTIFF 1.1 (OGC 19-008); GDAL's GTiff driver. */

/** Tag numbers by name. */
export const TAG = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  sampleFormat: 339,
  jpegTables: 347,
  yCbCrSubsampling: 530,
  modelPixelScale: 33550,
  modelTiepoint: 33922,
  modelTransformation: 34264,
  geoKeyDirectory: 34735,
  geoDoubleParams: 34736,
  geoAsciiParams: 34737,
  gdalMetadata: 42112,
  gdalNodata: 42113,
  rpcCoefficients: 50844,
  lercParameters: 50674,
} as const;

/** Tags whose values say where tiles and strips are: read in slices, by who looks for one. */
export const TABLE_TAGS: ReadonlySet<number> = new Set([
  TAG.stripOffsets,
  TAG.stripByteCounts,
  TAG.tileOffsets,
  TAG.tileByteCounts,
]);

/** Tags whose values are read when a file is opened. */
export const READ_TAGS: ReadonlySet<number> = new Set(
  Object.values(TAG).filter((tag) => !TABLE_TAGS.has(tag)),
);
