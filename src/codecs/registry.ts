/** All codecs that are known here. To add one: a file with its row, and a line in this table. */

import { adler32 } from "./adler32.ts";
import { asType } from "./astype.ts";
import { bitRound } from "./bitround.ts";
import { blosc } from "./blosc.ts";
import { bytes } from "./bytes.ts";
import { bz2 } from "./bz2.ts";
import { type Codec, codecId } from "./codec.ts";
import { crc32 } from "./crc32.ts";
import { crc32c } from "./crc32c.ts";
import { delta } from "./delta.ts";
import { fixedScaleOffset } from "./fixed_scale_offset.ts";
import { fletcher32 } from "./fletcher32.ts";
import { gzip } from "./gzip.ts";
import { hdf5Bitshuffle } from "./hdf5_bitshuffle.ts";
import { hdf5Field } from "./hdf5_field.ts";
import { hdf5Lz4 } from "./hdf5_lz4.ts";
import { hdf5Lzf } from "./hdf5_lzf.ts";
import { hdf5Nbit } from "./hdf5_nbit.ts";
import { hdf5Precision } from "./hdf5_precision.ts";
import { hdf5ScaleOffset } from "./hdf5_scaleoffset.ts";
import { hdf5Szip } from "./hdf5_szip.ts";
import { hdf5Text } from "./hdf5_text.ts";
import { lz4 } from "./lz4.ts";
import { packBits } from "./packbits.ts";
import { quantize } from "./quantize.ts";
import { sharding } from "./sharding.ts";
import { shuffle } from "./shuffle.ts";
import { tiffBits } from "./tiff_bits.ts";
import { tiffLzw } from "./tiff_lzw.ts";
import { tiffPackBits } from "./tiff_packbits.ts";
import { tiffPredictor } from "./tiff_predictor.ts";
import { transpose } from "./transpose.ts";
import { UNDECODABLE } from "./undecodable.ts";
import { vlenBytes, vlenUtf8 } from "./vlen.ts";
import { zlib } from "./zlib.ts";
import { zstd } from "./zstd.ts";

/** Every row, in the order of documentation. */
export const CODECS: readonly Codec[] = [
  transpose,
  delta,
  fixedScaleOffset,
  quantize,
  bitRound,
  asType,
  packBits,
  bytes,
  sharding,
  vlenUtf8,
  vlenBytes,
  gzip,
  zstd,
  blosc,
  crc32c,
  zlib,
  shuffle,
  lz4,
  bz2,
  fletcher32,
  adler32,
  crc32,
  hdf5Field,
  hdf5Precision,
  hdf5Text,
  hdf5Lzf,
  hdf5Lz4,
  hdf5Bitshuffle,
  hdf5Szip,
  hdf5ScaleOffset,
  hdf5Nbit,
  tiffBits,
  tiffPredictor,
  tiffLzw,
  tiffPackBits,
  ...UNDECODABLE,
];

const BY_NAME: ReadonlyMap<string, Codec> = new Map(
  CODECS.flatMap((codec) => [codec.name, ...codec.aliases ?? []].map((name) => [name, codec])),
);
const BY_ID: ReadonlyMap<string, Codec> = new Map(CODECS.map((codec) => [codecId(codec), codec]));

/** The codec of a name in Zarr v3 metadata; undefined if it is not known here. */
export function findCodec(name: string): Codec | undefined {
  return BY_NAME.get(name);
}

/** The codec of an `id` in Zarr v2 metadata; undefined if it is not known here. */
export function findV2Codec(id: string): Codec | undefined {
  return BY_ID.get(id);
}
