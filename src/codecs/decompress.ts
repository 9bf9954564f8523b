/** zlib, gzip and Zstandard, by `node:zlib`. */

import * as zlib from "node:zlib";
import { ChunkError } from "../errors.ts";
import type { Decoder } from "./codec.ts";
import { checkSize, compressed, type Size } from "./size.ts";

/** A format that `node:zlib` decompresses. */
export type CompressedFormat = "zlib" | "gzip" | "zstd";

/** Up to here decompressing at once takes less time than handing it to another thread, bytes. */
const SYNC_BYTES = 256 * 1024;

/** Bytes of the pieces in which a result of unknown length is collected. */
const PIECE_BYTES = 1024 * 1024;

interface Options {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

type DecompressLater = (
  bytes: Uint8Array,
  options: Options,
  callback: (error: Error | null, decoded: Uint8Array) => void,
) => void;

const FORMATS: Readonly<
  Record<CompressedFormat, {
    readonly sync: (bytes: Uint8Array, options: Options) => Uint8Array;
    readonly async: DecompressLater;
  }>
> = {
  zlib: { sync: zlib.inflateSync, async: zlib.inflate },
  gzip: { sync: zlib.gunzipSync, async: zlib.gunzip },
  zstd: { sync: zlib.zstdDecompressSync, async: zlib.zstdDecompress },
};

/** The decoder of a format. */
export function decompressor(format: CompressedFormat, size: Size): Decoder {
  return {
    decode: (bytes) => decompress(format, bytes, size),
    encoded: compressed(size),
    // The pieces, and then the whole of them.
    ...(!size.exact && { scratchBytes: size.bytes }),
  };
}

/**
 * Decompresses `bytes`.
 *
 * @throws ChunkError if they are corrupt or cut short, or give another size than `size`
 */
export async function decompress(
  format: CompressedFormat,
  bytes: Uint8Array,
  size: Size,
): Promise<Uint8Array> {
  const options = {
    // The option must be at least 1; the check below is exact.
    maxOutputLength: Math.max(1, size.bytes),
    // One buffer, with room to see that no more comes: half the time of collecting pieces.
    chunkSize: Math.max(64, size.exact ? size.bytes + 1 : Math.min(size.bytes + 1, PIECE_BYTES)),
  };
  const { sync, async } = FORMATS[format];
  let decoded: Uint8Array;
  try {
    decoded = size.bytes <= SYNC_BYTES
      ? sync(bytes, options)
      : await new Promise<Uint8Array>((resolve, reject) =>
        async(bytes, options, (error, result) => error ? reject(error) : resolve(result))
      );
  } catch (cause) {
    throw new ChunkError(`${format} cannot be decompressed to ${size.bytes} bytes`, {}, cause);
  }
  // Deno's Zstandard ends without an error where its input is cut short.
  checkSize(format, decoded.length, size);
  // A Buffer's slice() would not copy.
  return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength);
}
