/**
 * Reads an array's codecs: one name for each codec whoever wrote it, each in its place (array → array,
 * array → bytes, bytes → bytes), those that decode to what they were given left out.
 */

import { chunkShape as chunkShapeOf } from "../zarr/chunk_grid.ts";
import { itemSize } from "../zarr/data_type.ts";
import { isObject, type Json, type JsonObject, toNumber } from "../json.ts";
import type { ArrayMetadata, Codec } from "../zarr/metadata.ts";
import { type NumpyType, parseNumpyType, sameType } from "./decode/numpy_type.ts";

/** A codec under its short name (`zlib` for `numcodecs.zlib`). */
export interface Stage {
  /** The name that the registry or numcodecs has for it, without `numcodecs.`. */
  readonly id: string;
  /** As the source has it, with the element size of a shuffle filled in. */
  readonly configuration: JsonObject;
  /** True if numcodecs defines what the name means, not the Zarr v3 registry. */
  readonly numcodecs: boolean;
  /** The codec as the array's metadata has it. */
  readonly source: Codec;
}

/** Codecs in their places, in the order of encoding. */
export interface Stages {
  /** Transpositions and filters. */
  readonly arrayToArray: readonly Stage[];
  /** What writes elements as bytes. */
  readonly arrayToBytes: Stage;
  /** Shuffles, compressors and checksums. */
  readonly bytesToBytes: readonly Stage[];
}

/** An array's codecs and what they encode. */
export interface Pipeline extends Stages {
  /** Dimensions of the array. */
  readonly rank: number;
  /** Bytes of an element; undefined where they vary or the data type is unknown. */
  readonly itemBytes?: number;
  /** Elements of a chunk along each dimension; undefined where chunks differ in shape. */
  readonly chunkShape?: readonly number[];
  /** Uncompressed bytes of a chunk; undefined with `itemBytes`, or where chunks differ in shape. */
  readonly nbytes?: number;
}

type Place = "arrayToArray" | "arrayToBytes" | "bytesToBytes";

const PLACE: Readonly<Record<string, Place>> = {
  transpose: "arrayToArray",
  delta: "arrayToArray",
  fixedscaleoffset: "arrayToArray",
  quantize: "arrayToArray",
  bitround: "arrayToArray",
  astype: "arrayToArray",
  packbits: "arrayToArray",
  bytes: "arrayToBytes",
  sharding_indexed: "arrayToBytes",
  "vlen-utf8": "arrayToBytes",
  "vlen-bytes": "arrayToBytes",
  gzip: "bytesToBytes",
  zstd: "bytesToBytes",
  blosc: "bytesToBytes",
  crc32c: "bytesToBytes",
  zlib: "bytesToBytes",
  shuffle: "bytesToBytes",
  lz4: "bytesToBytes",
  bz2: "bytesToBytes",
  fletcher32: "bytesToBytes",
  adler32: "bytesToBytes",
  crc32: "bytesToBytes",
};

/** Names that the v3 specification or registry owns; the others are numcodecs' even without prefix. */
const REGISTERED = new Set([
  "transpose",
  "bytes",
  "sharding_indexed",
  "vlen-utf8",
  "vlen-bytes",
  "gzip",
  "zstd",
  "blosc",
  "crc32c",
  "bitround",
  "packbits",
]);

/** Why a known codec cannot be decoded here. */
const UNDECODABLE: Readonly<Record<string, string>> = {
  lzma: "there is no LZMA decoder that runs here",
  jenkins_lookup3: "its checksum is not computed here",
};

/** The pipeline of `metadata`, or why it has none that is understood here. Never throws. */
export function readPipeline(metadata: ArrayMetadata): Pipeline | { readonly reason: string } {
  const itemBytes = itemSize(metadata.data_type);
  const stages = readStages(metadata.codecs as unknown as Json, itemBytes);
  if ("reason" in stages) return stages;
  const chunkShape = chunkShapeOf(metadata);
  return {
    ...stages,
    rank: metadata.shape.length,
    itemBytes,
    chunkShape,
    nbytes: chunkShape && itemBytes !== undefined ? chunkBytes(chunkShape, itemBytes) : undefined,
  };
}

/**
 * Sorts `codecs`, or says why they cannot be. Never throws.
 *
 * @param itemBytes bytes of an element, where known
 */
export function readStages(
  codecs: Json | undefined,
  itemBytes: number | undefined,
): Stages | { readonly reason: string } {
  if (!Array.isArray(codecs)) return { reason: "it declares no codecs" };
  const stages: Stage[] = [];
  for (const codec of codecs as readonly Json[]) {
    const stage = readStage(codec, itemBytes);
    if (stage === undefined) return { reason: "a codec has no name" };
    if (PLACE[stage.id] === undefined || (stage.id === "packbits" && !stage.numcodecs)) {
      const why = stage.numcodecs ? UNDECODABLE[stage.id] : undefined;
      return { reason: `codec ${stage.source.name}${why ? `: ${why}` : " is not known here"}` };
    }
    if (!isIdentity(stage)) stages.push(stage);
  }
  const split = stages.findIndex((stage) => PLACE[stage.id] === "arrayToBytes");
  if (split < 0) return { reason: "no codec turns the array into bytes" };
  const arrayToArray = stages.slice(0, split);
  const bytesToBytes = stages.slice(split + 1);
  const misplaced = arrayToArray.find((stage) => PLACE[stage.id] !== "arrayToArray") ??
    bytesToBytes.find((stage) => PLACE[stage.id] !== "bytesToBytes");
  if (misplaced) return { reason: `codec ${misplaced.source.name} is out of order` };
  return { arrayToArray, arrayToBytes: stages[split], bytesToBytes };
}

function readStage(codec: Json, itemBytes: number | undefined): Stage | undefined {
  // The specification allows a codec without configuration to be its bare name.
  const source = (typeof codec === "string" ? { name: codec } : codec) as unknown as Codec | null;
  if (typeof source?.name !== "string") return undefined;
  const prefixed = source.name.startsWith("numcodecs.");
  const id = prefixed ? source.name.slice("numcodecs.".length) : source.name;
  const configuration = isObject(source.configuration) ? source.configuration : {};
  return {
    id,
    configuration: id === "shuffle" && configuration.elementsize === undefined && itemBytes
      ? { ...configuration, elementsize: itemBytes }
      : configuration,
    numcodecs: prefixed || !REGISTERED.has(id),
    source,
  };
}

/** True if decoding gives back the very bytes. */
function isIdentity({ id, configuration }: Stage): boolean {
  switch (id) {
    case "bitround":
      return true;
    case "shuffle":
      return (toNumber(configuration.elementsize) ?? Infinity) <= 1;
    case "quantize": {
      const types = codecTypes(configuration);
      return types !== undefined && sameType(types.decoded, types.encoded);
    }
    case "astype": {
      const decoded = parseNumpyType(configuration.decode_dtype);
      const encoded = parseNumpyType(configuration.encode_dtype);
      return decoded !== undefined && encoded !== undefined && sameType(decoded, encoded);
    }
    default:
      return false;
  }
}

/** `dtype` and `astype` of a numcodecs filter; `astype` defaults to `dtype`. */
export function codecTypes(
  configuration: JsonObject,
): { readonly decoded: NumpyType; readonly encoded: NumpyType } | undefined {
  const decoded = parseNumpyType(configuration.dtype);
  const encoded = parseNumpyType(configuration.astype ?? configuration.dtype);
  return decoded && encoded && { decoded, encoded };
}

function chunkBytes(chunkShape: readonly number[], itemBytes: number): number | undefined {
  const bytes = chunkShape.reduce((product, length) => product * length, itemBytes);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
