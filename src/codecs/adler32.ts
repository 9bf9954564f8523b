/** numcodecs' `Adler32`: zlib's checksum, before the data unless it says otherwise. */

import { checksumDecoder } from "./checksum.ts";
import type { Codec } from "./codec.ts";

export const adler32: Codec = {
  name: "numcodecs.adler32",
  aliases: ["adler32"],
  kind: "bytes→bytes",
  decoder: checksumDecoder("adler32", sum, "start"),
};

/** RFC 1950 §8.2. */
function sum(data: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < data.length;) {
    const stop = Math.min(data.length, at + 3800);
    for (; at < stop; at++) {
      a += data[at];
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return (b << 16 | a) >>> 0;
}
