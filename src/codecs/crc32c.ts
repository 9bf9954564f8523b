/** `crc32c`, behind the data; numcodecs can have it before them. */

import type { Json } from "../json.ts";
import { checksumDecoder } from "./checksum.ts";
import type { Codec } from "./codec.ts";

export const crc32c: Codec = {
  name: "crc32c",
  aliases: ["numcodecs.crc32c"],
  kind: "bytes→bytes",
  portable: ({ configuration }) => isAtEnd(configuration.location) ? { name: "crc32c" } : undefined,
  decoder: checksumDecoder("crc32c", sum, "end"),
  fromV2: (configuration) =>
    isAtEnd(configuration.location)
      ? { name: "crc32c" }
      : { name: "numcodecs.crc32c", configuration },
  toV2: () => ({ location: "end" }),
};

function isAtEnd(location: Json | undefined): boolean {
  return (location ?? "end") === "end";
}

/** RFC 3720 appendix B.4. */
function sum(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) crc = CRC32C[(crc ^ byte) & 0xff] ^ crc >>> 8;
  return ~crc >>> 0;
}

const CRC32C = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});
