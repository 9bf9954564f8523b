/**
 * How a foreign encoding is served in codecs that every client has. Computed once an array, from
 * metadata alone, without I/O, so it can be tested as data. DESIGN: pass, frame, transcode.
 */

import type { ArrayMetadata, Codec } from "../zarr/metadata.ts";

/** Undoes one encoding: encoded bytes in, less encoded bytes out, never more than `maxBytes`. */
export interface DecodeStep {
  /** The codec's name, for messages and `inspect`. */
  readonly name: string;
  /** @throws ChunkError */
  decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Writes the portable encoding of raw chunk bytes. */
export interface EncodeStep {
  readonly name: string;
  encode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** How the chunks of one array are served, and the v3 codecs that say so. */
export type ChunkPlan =
  | { readonly tier: "pass"; readonly codecs: readonly Codec[] }
  | {
    readonly tier: "frame";
    readonly codecs: readonly Codec[];
    /** The container's header for a payload of that many bytes (after trimming). */
    prefix(payloadLength: number): Uint8Array;
    /** Bytes of the stored chunk that are not payload, at its start and end. */
    readonly trimStart: number;
    readonly trimEnd: number;
    /** Uncompressed bytes of a chunk. */
    readonly nbytes: number;
    /** Full decoding, for the chunks whose payload does not fit the frame. */
    readonly decode: readonly DecodeStep[];
  }
  | {
    readonly tier: "transcode";
    readonly codecs: readonly Codec[];
    readonly decode: readonly DecodeStep[];
    readonly encode: EncodeStep;
  }
  /** None of the tiers can serve it: the source's own codecs, bytes untouched, and why. */
  | { readonly tier: "native"; readonly codecs: readonly Codec[]; readonly reason: string };

export type { ArrayMetadata };
