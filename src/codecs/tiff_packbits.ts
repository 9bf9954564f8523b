/** TIFF's PackBits: runs of bytes. (numcodecs' `packbits` is another thing.) Source: TIFF 6.0, section 9. */

import type { Codec } from "./codec.ts";
import { compressed } from "./size.ts";

/** The row of `tiff.packbits`. */
export const tiffPackBits: Codec = {
  name: "tiff.packbits",
  aliases: ["imagecodecs_packbits", "numcodecs.imagecodecs_packbits"],
  kind: "bytes→bytes",
  decoder: (_stage, { decoded }) => ({
    decode: (bytes) => unpack(bytes, decoded.bytes),
    encoded: compressed(decoded),
  }),
};

/** At most `length` bytes: what follows them is not read. */
function unpack(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  for (let at = 0; at < bytes.length && to < length;) {
    const head = bytes[at++];
    if (head < 128) {
      const run = bytes.subarray(at, at + Math.min(head + 1, length - to));
      out.set(run, to);
      to += run.length;
      at += head + 1;
    } else if (head > 128 && at < bytes.length) {
      const end = Math.min(length, to + 257 - head);
      out.fill(bytes[at++], to, end);
      to = end;
    }
  }
  return to === length ? out : out.subarray(0, to);
}
