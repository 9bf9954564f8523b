/** numcodecs' `CRC32`: gzip's checksum, before the data unless it says otherwise. */

import * as zlib from "node:zlib";
import { checksumDecoder } from "./checksum.ts";
import type { Codec } from "./codec.ts";

export const crc32: Codec = {
  name: "numcodecs.crc32",
  aliases: ["crc32"],
  kind: "bytes→bytes",
  decoder: checksumDecoder("crc32", (data) => zlib.crc32(data), "start"),
};
