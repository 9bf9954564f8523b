/**
 * What is known of a codec, in one row: its names, its place, its portable form, its Zarr v2 form and
 * its decoder. A codec is one file here with such a row, and one line in `registry.ts`.
 */

import type { Json, JsonObject } from "../json.ts";
import type { Pace } from "./pace.ts";
import type { Size } from "./size.ts";

/** A codec as an array's metadata has it: its name there, and what it takes. */
export interface CodecSpec {
  /** A core or registered name (`gzip`), or a library's own (`numcodecs.zlib`). */
  readonly name: string;
  /** Absent if it takes nothing. */
  readonly configuration?: JsonObject;
}

/** From what to what a codec encodes; it decides where in a Zarr v3 pipeline it stands. */
export type CodecKind = "array→array" | "array→bytes" | "bytes→bytes";

/** The elements of a chunk as they enter a codec that encodes them. */
export interface Elements {
  /** Dimensions of the array. */
  readonly rank: number;
  /** Bytes of an element; undefined where they vary or the data type is unknown. */
  readonly itemBytes?: number;
  /** NumPy's name of their type, where it is a number (`int16`, `>f4`). */
  readonly dtype?: string;
  /** Elements of a chunk along each dimension of the array; undefined where chunks differ in shape. */
  readonly chunkShape?: readonly number[];
}

/** One codec of an array. */
export interface Stage {
  /** What is known of it. */
  readonly codec: Codec;
  /** Its configuration, complete with Zarr v3's defaults. */
  readonly configuration: JsonObject;
  /** The codec as the array's metadata has it. */
  readonly source: CodecSpec;
  /** What it encodes. */
  readonly elements: Elements;
}

/** How one codec of an array is undone. */
export interface Decoder {
  /**
   * Undoes it for a whole chunk. It may load what it needs first; it never gives more than it was told
   * that it may.
   *
   * @param pace what takes long looks at
   * @throws ChunkError
   */
  decode(bytes: Uint8Array, pace: Pace): Uint8Array | Promise<Uint8Array>;
  /** What the codec's encoded bytes can measure. */
  readonly encoded: Size;
  /** True if `decode` may write into the bytes that it is given. */
  readonly inPlace?: true;
  /** True if `decode` gives a part of the bytes that it is given: no bytes are held anew. */
  readonly isView?: true;
  /** Bytes that it holds at most beside what it is given and what it gives; 0 if absent. */
  readonly scratchBytes?: number;
}

/** How chunks are written in a portable codec. */
export interface Encoder {
  /** Encodes a whole chunk. @throws ChunkError */
  encode(bytes: Uint8Array, pace: Pace): Uint8Array | Promise<Uint8Array>;
  /** What it gives for so many bytes. */
  encoded(bytes: number): Size;
}

/** How {@link Codec.decoder} is asked. */
export interface Decoding {
  /** Bytes that decoding must give. */
  readonly decoded: Size;
  /**
   * The byte order of the elements that are stored, where the array's `bytes` codec tells it: that of
   * the last filter's, whatever the filter's own data types say.
   */
  readonly endian?: "big" | "little";
}

/** One row a codec. Every table of codecs is made from these. */
export interface Codec {
  /** Its name in Zarr v3 metadata. numcodecs' codecs have `numcodecs.` before their id. */
  readonly name: string;
  /** Other names in Zarr v3 metadata for the same bytes. */
  readonly aliases?: readonly string[];
  /** What it encodes from and to. */
  readonly kind: CodecKind;
  /** True if a decoded element depends on those before it: it does not change places with a transposition. */
  readonly ordered?: true;
  /** True if Zarr v2 has it for Python objects. */
  readonly objects?: true;

  /** Fills in what Zarr v3 readers take where the metadata do not say it. */
  complete?(configuration: JsonObject, elements: Elements): JsonObject;
  /** The elements as it stores them (array → array only); as they were if absent. */
  stored?(configuration: JsonObject, elements: Elements): Partial<Elements>;
  /** True if decoding gives back the very bytes. */
  isIdentity?(stage: Stage): boolean;
  /**
   * The codec that every client reads the stored bytes with, in the form that the strictest takes;
   * undefined if there is none.
   *
   * @param nested the same of a pipeline inside its configuration, for other elements
   */
  portable?(
    stage: Stage,
    nested: (codecs: Json | undefined, elements: Elements) => CodecSpec[] | undefined,
  ): CodecSpec | undefined;
  /** How its bytes are the payload of a Blosc frame: the inner codec, and the bytes before them that are not. */
  readonly payload?: { readonly cname: "lz4" | "zlib" | "zstd"; readonly headerBytes: number };
  /** How it is undone, or why that cannot be done, to follow its name. Absent: there is no decoder here. */
  decoder?(stage: Stage, decoding: Decoding): Decoder | string;
  /** Writes what clients read by it (bytes → bytes, portable ones only). */
  encoder?(configuration: JsonObject): Encoder;
  /** Why no array with it is served, to follow its name. */
  readonly undecodable?: string;

  /**
   * The Zarr v3 codec of numcodecs' own (its id is {@link codecId}) with numcodecs' defaults; or why
   * there is none. Absent: the name, with the configuration as it is.
   */
  fromV2?(configuration: JsonObject, elements: Pick<Elements, "itemBytes">): CodecSpec | string;
  /** numcodecs' configuration, without the id, for Zarr v2 metadata; absent if v2 is not told it. */
  toV2?(configuration: JsonObject): JsonObject;
}

/** numcodecs' id of a codec, which is also what messages call it. */
export function codecId({ name }: Pick<Codec, "name">): string {
  return name.replace(/^numcodecs\./, "");
}
