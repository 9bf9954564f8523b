/** What transcoded chunks are sent as: Zstandard, which every client has and both runtimes write fast. */

import { constants, zstdCompress, type ZstdOptions } from "node:zlib";
import { ChunkError } from "../errors.ts";
import type { Codec } from "../zarr/metadata.ts";
import type { EncodeStep } from "./step.ts";

const LEVEL = 1;

/** The v3 codec that declares what {@link encodeZstd} writes. */
export const ZSTD_CODEC: Codec = {
  name: "zstd",
  configuration: { level: LEVEL, checksum: false },
};

/** Compresses a chunk as one frame that tells its content's size, which numcodecs before 0.16 needs. */
export const encodeZstd: EncodeStep = {
  name: "zstd",
  encode: (bytes) =>
    new Promise((resolve, reject) => {
      const options: ZstdOptions & { pledgedSrcSize: number } = {
        params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
        pledgedSrcSize: bytes.length,
      };
      zstdCompress(bytes, options, (cause, compressed) =>
        cause
          ? reject(new ChunkError("A chunk cannot be compressed", {}, cause))
          : resolve(compressed));
    }),
};
