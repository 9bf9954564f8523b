/** The plans by which chunks are served, as data. DESIGN: pass, frame, transcode. */

import type { DecodeStep } from "../codecs/decode_steps.ts";
import type { Pace } from "../codecs/pace.ts";
import type { Codec } from "../zarr/metadata.ts";

/** Writes the portable encoding of raw chunk bytes. */
export interface EncodeStep {
  /** The names of the portable codecs. */
  readonly name: string;
  /** Bytes that it gives, where they are known beforehand. */
  readonly length?: number;
  /** Encodes a whole chunk. */
  encode(bytes: Uint8Array, pace: Pace): Uint8Array | Promise<Uint8Array>;
}

/** Blocks of which chunks are slices. */
export interface Block {
  /** Bytes that a block decodes to. */
  readonly bytes: number;
  /** Bytes of it that each chunk is. */
  readonly chunkBytes: number;
  /** True if the block is stored as it is: a slice of it is a range, which the plan's tier then serves. */
  readonly raw: boolean;
}

/** How the chunks of one array are served, and the v3 codecs that say so. */
export type ChunkPlan = Tier & {
  /** Present if its chunks are slices. A plan that decodes the block is to transcode. */
  readonly block?: Block;
};

type Tier =
  | {
    readonly tier: "pass";
    /** The codecs of the bytes as they are stored. */
    readonly codecs: readonly Codec[];
    /**
     * Bytes of every chunk where nothing compresses it: not all clients see that a chunk of another
     * length is none.
     */
    readonly rawBytes?: number;
  }
  | {
    readonly tier: "frame";
    readonly codecs: readonly Codec[];
    /** The container's header for a payload of that many bytes (after trimming). @throws ChunkError */
    prefix(payloadLength: number): Uint8Array;
    /** False for a payload that the container would misread: that chunk is decoded and stored. */
    fits(payloadLength: number): boolean;
    /** The container around raw bytes, and its length in bytes. */
    readonly stored: { readonly length: number; frame(raw: Uint8Array): Uint8Array };
    /** Bytes of the stored chunk that are not payload, at its start and end. */
    readonly trimStart: number;
    readonly trimEnd: number;
    /** Uncompressed bytes of a chunk. */
    readonly nbytes: number;
    /** Full decoding, for the chunks whose payload does not fit the frame. */
    readonly decode: readonly DecodeStep[];
    /** The most bytes that decoding such a chunk holds at one time, the stored ones not counted. */
    readonly decodedBytes: number;
  }
  | {
    readonly tier: "transcode";
    readonly codecs: readonly Codec[];
    readonly decode: readonly DecodeStep[];
    readonly encode: EncodeStep;
    /** The most bytes that converting a chunk holds at one time, the stored ones not counted. */
    readonly decodedBytes: number;
  }
  /** None of the tiers can serve it: the source's own codecs, bytes untouched, and why. */
  | { readonly tier: "native"; readonly codecs: readonly Codec[]; readonly reason: string }
  /**
   * Chunks of an encoding that `codecs`, which the array declares, do not read: each is an error, since
   * whatever was sent would be read as other numbers.
   */
  | { readonly tier: "refused"; readonly codecs: readonly Codec[]; readonly reason: string };

/** The plan of chunks that are decoded here. */
export type TranscodePlan = Extract<ChunkPlan, { tier: "transcode" }>;
