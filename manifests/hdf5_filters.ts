/**
 * HDF5's filters as Zarr codecs, for the formats that name them by number: HDF5 files, DMR++ documents.
 * Source: the HDF5 File Format Specification and the registry of filter plug-ins, with each plug-in's
 * `cd_values`.
 */

import type { JsonObject } from "../src/json.ts";
import type { Codec } from "../src/zarr/metadata.ts";

/** One filter of a pipeline. */
export interface Hdf5Filter {
  /** Registered number: 1 deflate, 2 shuffle, 32001 Blosc, …. */
  readonly id: number;
  /** What its writer called it; may be empty. */
  readonly name: string;
  /** The client data (`cd_values`): unsigned 32-bit parameters. */
  readonly parameters: readonly number[];
}

const BLOSC_COMPRESSORS = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"];
const BITSHUFFLE_COMPRESSORS: Readonly<Record<number, string>> = { 2: "lz4", 3: "zstd" };
const BLOSC_SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];

/** Filter number → its codec, from its parameters and the bytes of an element. */
const CODECS: Readonly<
  Record<number, (parameters: readonly number[], itemBytes: number) => Codec>
> = {
  1: ([level = 6]) => codec("numcodecs.zlib", { level: Math.min(9, level) }),
  2: ([elementsize], itemBytes) =>
    codec("numcodecs.shuffle", { elementsize: elementsize || itemBytes }),
  3: () => codec("numcodecs.fletcher32"),
  4: ([mask = 0, pixels = 0, bits = 0, line = 0]) =>
    codec("hdf5.szip", {
      options_mask: mask,
      pixels_per_block: pixels,
      bits_per_pixel: bits,
      pixels_per_scanline: line,
    }),
  5: (parameters) => codec("hdf5.nbit", { cd_values: [...parameters] }),
  6: (parameters) => codec("hdf5.scaleoffset", { cd_values: [...parameters] }),
  307: ([level = 9]) => codec("numcodecs.bz2", { level }),
  32000: () => codec("hdf5.lzf"),
  32004: () => codec("hdf5.lz4"),
  32008: ([, , elementsize, blocksize = 0, compressor = 0], itemBytes) =>
    codec("hdf5.bitshuffle", {
      elementsize: elementsize || itemBytes,
      blocksize,
      cname: BITSHUFFLE_COMPRESSORS[compressor] ?? (compressor === 0 ? null : `${compressor}`),
    }),
  32001: ([, , typesize, , clevel = 5, shuffle = 1, compressor = 0], itemBytes) =>
    codec("blosc", {
      typesize: typesize || itemBytes,
      cname: BLOSC_COMPRESSORS[compressor] ?? "blosclz",
      clevel: Math.min(9, clevel),
      shuffle: BLOSC_SHUFFLES[shuffle] ?? "shuffle",
      blocksize: 0,
    }),
  32015: ([level = 3]) => codec("zstd", { level: Math.min(22, level), checksum: false }),
};

/** What filters are called that have no codec here, for messages. */
const NAMES: Readonly<Record<number, string>> = {
  32013: "zfp",
  32017: "sz",
  32024: "sz3",
  32026: "blosc2",
};

/**
 * The codec of a filter, under the name that the registry of codecs has for it; of any other the name is
 * `hdf5.` and its own, and no array with it is served.
 *
 * @param itemBytes bytes of an element of the dataset
 */
export function filterCodec({ id, name, parameters }: Hdf5Filter, itemBytes: number): Codec {
  const known = CODECS[id];
  if (known) return known(parameters, itemBytes);
  const own = NAMES[id] ?? (name.split(/[;:,\s]/)[0].toLowerCase() || "filter");
  return codec(`hdf5.${own}`, { id, cd_values: [...parameters] });
}

function codec(name: string, configuration?: JsonObject): Codec {
  return configuration ? { name, configuration } : { name };
}
