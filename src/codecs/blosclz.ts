/** BloscLZ, the byte-oriented LZ77 of c-blosc. Source: the format in c-blosc's blosc/blosclz.c. */

import { ChunkError } from "../errors.ts";
import { copyMatch } from "./lz4.ts";

/** A match with this distance (as coded) has its real distance in two more bytes. */
const MAX_NEAR_DISTANCE = 8191;

/** Decompresses one BloscLZ buffer to fill `out` exactly. @throws ChunkError */
export function decodeBloscLz(bytes: Uint8Array, out: Uint8Array): void {
  const { length } = out;
  let read = 0;
  let written = 0;
  const next = (): number => {
    if (read >= bytes.length) throw corrupt();
    return bytes[read++];
  };
  // The highest bits of the first token are no part of it.
  let token = next() & 31;
  for (;;) {
    if (token < 32) {
      const literals = token + 1;
      if (read + literals > bytes.length || written + literals > length) throw corrupt();
      out.set(bytes.subarray(read, read + literals), written);
      read += literals;
      written += literals;
    } else {
      let match = token >> 5;
      if (match === 7) {
        let more: number;
        do {
          more = next();
          match += more;
        } while (more === 255);
      }
      match += 2;
      let distance = ((token & 31) << 8) + next();
      if (distance === MAX_NEAR_DISTANCE) {
        distance = MAX_NEAR_DISTANCE + (next() << 8);
        distance += next();
      }
      distance += 1;
      if (distance > written || written + match > length) throw corrupt();
      copyMatch(out, written, distance, match);
      written += match;
    }
    if (read >= bytes.length) break;
    token = next();
  }
  if (written !== length) throw corrupt();
}

function corrupt(): ChunkError {
  return new ChunkError("A BloscLZ block is corrupt or of another length");
}
