/**
 * A deflated member of a zip as gzip: ten bytes, the stored ones, eight bytes of the directory's
 * checksum and size. Source: RFC 1952.
 */

import type { Codec } from "../../src/zarr/metadata.ts";
import type { Member } from "./directory.ts";

/** Deflated, no name, no time, of an unknown system. */
export const GZIP_HEADER: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** What reads it; the level, which zips do not tell, is nothing to a reader. */
export const GZIP_CODEC: Codec = { name: "gzip", configuration: { level: 6 } };

/** What follows the stored bytes. */
export function gzipTrailer({ crc, size }: Pick<Member, "crc" | "size">): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, size % 2 ** 32, true);
  return new Uint8Array(trailer.buffer);
}
