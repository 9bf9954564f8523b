/**
 * `zstd` (RFC 8878); also what transcoded chunks are sent as, for every client has it and both runtimes
 * write it fast.
 */

import { constants, createZstdCompress, type ZstdOptions } from "node:zlib";
import { ChunkError } from "../errors.ts";
import type { Codec, CodecSpec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { decompressor } from "./decompress.ts";
import type { Pace } from "./pace.ts";
import { throughStream } from "./zlib_stream.ts";

export const zstd: Codec = {
  name: "zstd",
  aliases: ["numcodecs.zstd"],
  kind: "bytes→bytes",
  portable: ({ configuration: { level, checksum } }) => ({
    name: "zstd",
    // GDAL refuses an array that was compressed at a negative level.
    configuration: { level: integer(level, 0, 22) ?? 0, checksum: checksum === true },
  }),
  payload: { cname: "zstd", headerBytes: 0 },
  decoder: (_stage, { decoded }) => decompressor("zstd", decoded),
  fromV2: ({ level, checksum }) => ({
    name: "zstd",
    configuration: { level: integer(level, -131072, 22) ?? 0, checksum: checksum === true },
  }),
  encoder: () => ({
    encode,
    encoded: (bytes) => ({ bytes: maxCompressed(bytes), exact: false }),
  }),
  // numcodecs before 0.13 does not know `checksum`, and needs no word of it to decode.
  toV2: ({ level }) => ({ level: level ?? 0 }),
};

/** The level that transcoded chunks are compressed at. */
const LEVEL = 1;

/** What transcoded chunks are sent in. */
export const ZSTD_CODEC: CodecSpec = {
  name: "zstd",
  configuration: { level: LEVEL, checksum: false },
};

/** One frame that tells its content's size, which numcodecs before 0.16 needs. */
async function encode(bytes: Uint8Array, pace: Pace): Promise<Uint8Array> {
  const size = { bytes: maxCompressed(bytes.length), exact: false };
  const options: ZstdOptions & { pledgedSrcSize: number } = {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
    pledgedSrcSize: bytes.length,
    // workerd's stream fails ("unexpected end of file") once its output needs a second buffer
    chunkSize: size.bytes,
  };
  try {
    return await throughStream(createZstdCompress(options), bytes, size, pace, "compress");
  } catch (cause) {
    throw new ChunkError("A chunk cannot be compressed", {}, cause);
  }
}

/** zstd.h, ZSTD_COMPRESSBOUND. */
function maxCompressed(bytes: number): number {
  return bytes + Math.ceil(bytes / 256) + 64;
}
