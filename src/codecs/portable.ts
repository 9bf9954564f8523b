/**
 * The codecs that every client has, in the form that the strictest of them reads: `bytes`,
 * `transpose`, `sharding_indexed`, `gzip`, `zstd`, `blosc`, `crc32c` (and `vlen-utf8`, `vlen-bytes`,
 * which are the only ones for elements of variable length).
 */

import { type Json, type JsonObject, toNumber } from "../json.ts";
import type { Codec } from "../zarr/metadata.ts";
import { readStages, type Stage } from "./pipeline.ts";
import { isOwnInverse, transposeOrder } from "./transpose.ts";

const BLOSC_SHUFFLE = ["noshuffle", "shuffle", "bitshuffle"];

/**
 * The portable codec that reads what `stage` wrote; undefined if there is none.
 *
 * @param itemBytes bytes of an element, where known
 * @param rank dimensions of the array
 */
export function portableCodec(
  stage: Stage,
  itemBytes: number | undefined,
  rank: number,
): Codec | undefined {
  const { id, configuration } = stage;
  switch (id) {
    case "bytes":
    case "vlen-utf8":
    case "vlen-bytes":
      return { ...stage.source, name: id };
    case "transpose":
      return transpose(configuration.order, rank);
    case "gzip":
      return { name: "gzip", configuration: { level: level(configuration.level, 5) } };
    case "zstd":
      return {
        name: "zstd",
        configuration: {
          // GDAL refuses an array that was compressed at a negative level.
          level: level(configuration.level, 0, 22),
          checksum: configuration.checksum === true,
        },
      };
    case "crc32c":
      return (configuration.location ?? "end") === "end" ? { name: "crc32c" } : undefined;
    case "blosc":
      return blosc(configuration, itemBytes);
    case "sharding_indexed":
      return sharding(stage.source, configuration, itemBytes, rank);
    default:
      return undefined;
  }
}

function transpose(order: Json | undefined, rank: number): Codec | undefined {
  const axes = transposeOrder(order, rank);
  return axes && isOwnInverse(axes)
    ? { name: "transpose", configuration: { order: axes } }
    : undefined;
}

/** What Blosc compressed is told by each chunk's own header; the configuration only has to be valid. */
function blosc(configuration: JsonObject, itemBytes: number | undefined): Codec | undefined {
  const item = itemBytes ?? 1;
  const typesize = integer(configuration.typesize) ?? item;
  const { shuffle } = configuration;
  const number = toNumber(shuffle);
  const name = typeof shuffle === "string"
    ? shuffle
    // numcodecs' AUTOSHUFFLE.
    : number === -1
    ? (item === 1 ? "bitshuffle" : "shuffle")
    : BLOSC_SHUFFLE[number ?? 1];
  if (!BLOSC_SHUFFLE.includes(name)) return undefined;
  return {
    name: "blosc",
    configuration: {
      // Blosc itself takes wider elements for single bytes.
      typesize: typesize >= 1 && typesize <= 255 ? typesize : 1,
      cname: typeof configuration.cname === "string" ? configuration.cname : "lz4",
      clevel: level(configuration.clevel, 5),
      shuffle: name,
      blocksize: Math.max(0, integer(configuration.blocksize) ?? 0),
    },
  };
}

function sharding(
  source: Codec,
  configuration: JsonObject,
  itemBytes: number | undefined,
  rank: number,
): Codec | undefined {
  const inner = portableCodecs(configuration.codecs, itemBytes, rank);
  // The index is an array of uint64 with one more dimension.
  const index = portableCodecs(configuration.index_codecs, 8, rank + 1);
  if (!inner || !index) return undefined;
  return { ...source, configuration: { ...configuration, codecs: inner, index_codecs: index } };
}

function portableCodecs(codecs: Json | undefined, itemBytes: number | undefined, rank: number) {
  const read = readStages(codecs, itemBytes);
  if ("reason" in read || read.arrayToArray.length > 1) return undefined;
  const stages = [...read.arrayToArray, read.arrayToBytes, ...read.bytesToBytes];
  const portable = stages.map((stage) => portableCodec(stage, itemBytes, rank));
  return portable.every((codec) => codec !== undefined)
    ? portable as unknown as JsonObject[]
    : undefined;
}

function integer(value: Json | undefined): number | undefined {
  const number = toNumber(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function level(value: Json | undefined, otherwise: number, most = 9): number {
  const number = integer(value);
  return number !== undefined && number >= 0 && number <= most ? number : otherwise;
}
