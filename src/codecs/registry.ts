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
import { hdf5Field } from "./hdf5_field.ts";
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

/** How the chunks of an array with a codec are served: as stored, behind a prefix, decoded; or not at all. */
export type ServedAs = "pass" | "frame" | "transcode" | "native";

/** The cheapest way that a codec, alone behind `bytes`, is served. For documentation. */
export function servedAs({ portable, payload, isIdentity, decoder }: Codec): ServedAs {
  if (portable || (isIdentity && !decoder)) return "pass";
  return payload ? "frame" : decoder ? "transcode" : "native";
}
