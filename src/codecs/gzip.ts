/** `gzip` (RFC 1952). */

import * as zlib from "node:zlib";
import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { decompressor } from "./decompress.ts";

export const gzip: Codec = {
  name: "gzip",
  aliases: ["numcodecs.gzip"],
  kind: "bytes→bytes",
  portable: ({ configuration }) => ({
    name: "gzip",
    configuration: { level: integer(configuration.level, 0, 9) ?? 5 },
  }),
  decoder: (_stage, { decoded }) => decompressor("gzip", decoded),
  encoder: () => ({
    encode: (bytes) =>
      new Promise((resolve, reject) =>
        zlib.gzip(
          bytes,
          { level: 1 },
          (cause, compressed) =>
            cause
              ? reject(new ChunkError("A chunk cannot be compressed", {}, cause))
              : resolve(compressed),
        )
      ),
    // Stored blocks of 16,383 bytes or more cost 5 bytes each, the file 18.
    encoded: (bytes) => ({ bytes: bytes + 5 * Math.ceil(bytes / 16383) + 23, exact: false }),
  }),
  fromV2: ({ level }) => ({ name: "gzip", configuration: { level: integer(level, 0, 9) ?? 1 } }),
  toV2: ({ level }) => ({ level: level ?? 1 }),
};
