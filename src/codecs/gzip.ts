/** `gzip` (RFC 1952). */

import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { decompressor } from "./decompress.ts";

/** The row of `gzip`. */
export const gzip: Codec = {
  name: "gzip",
  aliases: ["numcodecs.gzip"],
  kind: "bytes→bytes",
  portable: ({ configuration }) => ({
    name: "gzip",
    configuration: { level: integer(configuration.level, 0, 9) ?? 5 },
  }),
  decoder: (_stage, { decoded }) => decompressor("gzip", decoded),
  fromV2: ({ level }) => ({ name: "gzip", configuration: { level: integer(level, 0, 9) ?? 1 } }),
  toV2: ({ level }) => ({ level: level ?? 1 }),
};
