/**
 * `zstd` (RFC 8878); also what transcoded chunks are sent as, for every client has it and both runtimes
 * write it fast.
 */

import { constants, zstdCompress, type ZstdOptions } from "node:zlib";
import { ChunkError } from "../errors.ts";
import type { Codec, CodecSpec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { decompressor } from "./decompress.ts";

/** The row of `zstd`. */
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
    // zstd.h, ZSTD_COMPRESSBOUND
    encoded: (bytes) => ({ bytes: bytes + Math.ceil(bytes / 256) + 64, exact: false }),
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
function encode(bytes: Uint8Array): Promise<Uint8Array> {
  const options: ZstdOptions & { pledgedSrcSize: number } = {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
    pledgedSrcSize: bytes.length,
  };
  return new Promise((resolve, reject) => {
    zstdCompress(
      bytes,
      options,
      (cause, compressed) =>
        cause
          ? reject(new ChunkError("A chunk cannot be compressed", {}, cause))
          : resolve(compressed),
    );
  });
}
