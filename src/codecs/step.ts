/** One step of the way from stored bytes to raw ones, or from raw ones to a portable encoding. */

/** Undoes one encoding: encoded bytes in, less encoded bytes out, never more than the array declares. */
export interface DecodeStep {
  /** The codec's name, for messages and `inspect`. */
  readonly name: string;
  /** Undoes it for a whole chunk. @throws ChunkError */
  decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Writes the portable encoding of raw chunk bytes. */
export interface EncodeStep {
  /** The name of the portable codec. */
  readonly name: string;
  /** Encodes a whole chunk. */
  encode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}
