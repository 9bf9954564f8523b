/**
 * numcodecs' codecs under the names and with the configurations that Zarr v3 readers ask for.
 *
 * blosc, zstd, gzip and crc32c are v3's own codecs: the same bytes, whatever they are called. Strict
 * readers want each member of their configurations. Source: FORMATS 4.6; zarr-python's
 * `migrate_v3.py`; the defaults are numcodecs'.
 */

import { type Json, type JsonObject, toNumber } from "../json.ts";
import type { Codec } from "./metadata.ts";

/**
 * The v3 codec of a numcodecs id and configuration: a core name with a complete configuration, or
 * `numcodecs.<id>` with the configuration as it is.
 *
 * @param typeSize bytes of an element, for Blosc
 */
export function coreCodec(id: string, config: JsonObject, typeSize: number): Codec {
  switch (id) {
    case "vlen-utf8":
    case "vlen-bytes":
      return { name: id };
    case "zstd":
      return {
        name: "zstd",
        configuration: {
          level: within(config.level, -131072, 22) ?? 0,
          checksum: config.checksum === true,
        },
      };
    case "gzip":
      return { name: "gzip", configuration: { level: within(config.level, 0, 9) ?? 1 } };
    case "crc32c":
      if (config.location === undefined || config.location === "end") return { name: "crc32c" };
      break;
    case "blosc": {
      const cname = config.cname ?? "lz4";
      if (typeof cname === "string" && BLOSC_COMPRESSORS.has(cname)) {
        return { name: "blosc", configuration: bloscConfiguration(cname, config, typeSize) };
      }
      break;
    }
    case "shuffle":
      // numcodecs' default is 4, whatever the data type.
      return {
        name: "numcodecs.shuffle",
        configuration: { ...config, elementsize: config.elementsize ?? 4 },
      };
  }
  return { name: `numcodecs.${id}`, configuration: config };
}

const BLOSC_COMPRESSORS = new Set(["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"]);
const BLOSC_SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];

function bloscConfiguration(cname: string, config: JsonObject, typeSize: number): JsonObject {
  const typesize = within(config.typesize, 1, 255) ?? within(typeSize, 1, 255) ?? 1;
  return {
    typesize,
    cname,
    clevel: within(config.clevel, 0, 9) ?? 5,
    shuffle: bloscShuffle(config.shuffle, typesize),
    blocksize: within(config.blocksize, 0, 2 ** 31 - 1) ?? 0,
  };
}

/** A v3 name stays; of numcodecs' numbers −1 chooses by the element size. */
function bloscShuffle(shuffle: Json | undefined, typesize: number): string {
  if (typeof shuffle === "string" && BLOSC_SHUFFLES.includes(shuffle)) return shuffle;
  const number = toNumber(shuffle) ?? 1;
  return number < 0 ? BLOSC_SHUFFLES[typesize === 1 ? 2 : 1] : BLOSC_SHUFFLES[number] ?? "shuffle";
}

function within(value: Json | undefined, least: number, most: number): number | undefined {
  const number = toNumber(value);
  return number !== undefined && Number.isInteger(number) && number >= least && number <= most
    ? number
    : undefined;
}
