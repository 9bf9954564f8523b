/** zlib, gzip and Zstandard, by `node:zlib`. */

import * as zlib from "node:zlib";
import { ChunkError } from "../errors.ts";
import type { Decoder } from "./codec.ts";
import type { Pace } from "./pace.ts";
import { type ByteStream, throughStream } from "./zlib_stream.ts";
import { checkSize, compressed, type Size } from "./size.ts";

/** A format that `node:zlib` decompresses. */
export type CompressedFormat = "zlib" | "gzip" | "zstd";

/** Up to here decompressing at once takes less time than doing it in pieces, bytes. */
const SYNC_BYTES = 256 * 1024;

interface Options {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

const FORMATS: Readonly<
  Record<CompressedFormat, {
    readonly sync: (bytes: Uint8Array, options: Options) => Uint8Array;
    readonly stream: () => ByteStream;
  }>
> = {
  zlib: { sync: zlib.inflateSync, stream: () => zlib.createInflate() },
  gzip: { sync: zlib.gunzipSync, stream: () => zlib.createGunzip() },
  zstd: { sync: zlib.zstdDecompressSync, stream: () => zlib.createZstdDecompress() },
};

export function decompressor(format: CompressedFormat, size: Size): Decoder {
  return {
    decode: (bytes, pace) => decompress(format, bytes, size, pace),
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
  pace: Pace,
): Promise<Uint8Array> {
  const { sync, stream } = FORMATS[format];
  let decoded: Uint8Array;
  try {
    decoded = size.bytes <= SYNC_BYTES
      ? sync(bytes, {
        // The option must be at least 1; the check below is exact.
        maxOutputLength: Math.max(1, size.bytes),
        // One buffer, with room to see that no more comes.
        chunkSize: Math.max(64, size.bytes + 1),
      })
      : await throughStream(stream(), bytes, size, pace, "decompress");
  } catch (cause) {
    throw new ChunkError(`${format} cannot be decompressed to ${size.bytes} bytes`, {}, cause);
  }
  // Deno's Zstandard ends without an error where its input is cut short.
  checkSize(format, decoded.length, size);
  // A Buffer's slice() would not copy.
  return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength);
}
