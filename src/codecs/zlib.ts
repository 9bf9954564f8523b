/** numcodecs' `Zlib` (RFC 1950), HDF5's deflate filter. */

import type { Codec } from "./codec.ts";
import { decompressor } from "./decompress.ts";

export const zlib: Codec = {
  name: "numcodecs.zlib",
  aliases: ["zlib"],
  kind: "bytes→bytes",
  payload: { cname: "zlib", headerBytes: 0 },
  decoder: (_stage, { decoded }) => decompressor("zlib", decoded),
};
