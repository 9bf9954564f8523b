/** zlib, gzip and Zstandard, by `node:zlib`. */

import * as zlib from "node:zlib";
import { ChunkError } from "../../errors.ts";
import { checkSize, type Size } from "./size.ts";

/** A format that `node:zlib` decompresses. */
export type CompressedFormat = "zlib" | "gzip" | "zstd";

/** Up to here decompressing at once takes less time than handing it to another thread, bytes. */
const SYNC_BYTES = 256 * 1024;

type DecompressLater = (
  bytes: Uint8Array,
  options: { maxOutputLength: number },
  callback: (error: Error | null, decoded: Uint8Array) => void,
) => void;

const FORMATS: Readonly<
  Record<CompressedFormat, {
    readonly sync: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
    readonly async: DecompressLater;
  }>
> = {
  zlib: { sync: zlib.inflateSync, async: zlib.inflate },
  gzip: { sync: zlib.gunzipSync, async: zlib.gunzip },
  zstd: { sync: zlib.zstdDecompressSync, async: zlib.zstdDecompress },
};

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
  // The option must be at least 1; the check below is exact.
  const options = { maxOutputLength: Math.max(1, size.bytes) };
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
