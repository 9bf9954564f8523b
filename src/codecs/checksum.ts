/** 32-bit checksums beside the data, as numcodecs writes them: verified, then taken off. */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import type { Size } from "./size.ts";

export const CHECKSUM_BYTES = 4;

/**
 * The decoder of a checksum.
 *
 * @param name for messages
 * @param sum of the data, as an unsigned number
 * @param otherwise where it is if its configuration does not say; without it the configuration says nothing
 * @param accepts what else counts for a computed sum
 */
export function checksumDecoder(
  name: string,
  sum: (data: Uint8Array) => number,
  otherwise: "start" | "end",
  accepts: (stored: number, computed: number) => boolean = () => false,
): Codec["decoder"] {
  return ({ configuration }, { decoded }) => {
    const location = configuration.location ?? otherwise;
    if (location !== "start" && location !== "end") return "has no such location";
    const encoded: Size = { ...decoded, bytes: decoded.bytes + CHECKSUM_BYTES };
    return {
      encoded,
      isView: true,
      decode(bytes) {
        if (bytes.length < CHECKSUM_BYTES) {
          throw new ChunkError(`A chunk is too short for its ${name}`);
        }
        const end = bytes.length - CHECKSUM_BYTES;
        const [data, at] = location === "start"
          ? [bytes.subarray(CHECKSUM_BYTES), 0]
          : [bytes.subarray(0, end), end];
        const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
          .getUint32(at, true);
        const computed = sum(data);
        if (stored !== computed && !accepts(stored, computed)) {
          throw new ChunkError(`A chunk does not match its ${name}`);
        }
        return data;
      },
    };
  };
}
