/**
 * TIFF's LZW: codes of 9 to 12 bits, highest bit first, a bit wider one code early; and the first writers',
 * lowest bit first. Sources: TIFF 6.0, section 13; libtiff's tif_lzw.c.
 */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import type { Pace } from "./pace.ts";
import { compressed } from "./size.ts";

/** The row of `tiff.lzw`. */
export const tiffLzw: Codec = {
  name: "tiff.lzw",
  aliases: ["imagecodecs_lzw", "numcodecs.imagecodecs_lzw"],
  kind: "bytes→bytes",
  decoder: (_stage, { decoded }) => ({
    decode: (bytes, pace) => decodeLzw(bytes, decoded.bytes, pace),
    encoded: compressed(decoded),
  }),
};

const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MAX_BITS = 12;
const CODES = 2 ** MAX_BITS;
/** Stored bytes between looks at the pace: as much as some megabytes. */
const SLICE_BYTES = 2 ** 13;

/** At most `length` bytes: what follows them is not read. */
async function decodeLzw(bytes: Uint8Array, length: number, pace: Pace): Promise<Uint8Array> {
  const isOld = bytes[0] === 0 && (bytes[1] & 1) === 1;
  const early = isOld ? 0 : 1;
  const prefix = new Uint16Array(CODES);
  const last = new Uint8Array(CODES);
  const sizes = new Uint16Array(CODES);
  for (let i = 0; i < 256; i++) {
    last[i] = i;
    sizes[i] = 1;
  }
  const out = new Uint8Array(length);
  let at = 0;
  let position = 0;
  let held = 0;
  let heldBits = 0;
  let bits = 9;
  let free = FIRST;
  let previous = -1;
  let look = 0;

  while (at < length) {
    if (position >= look) {
      look = position + SLICE_BYTES;
      if (pace.due()) await pace.turn();
    }
    while (heldBits < bits && position < bytes.length) {
      const byte = bytes[position++];
      held = isOld ? held | byte << heldBits : (held << 8 | byte) & 0xffffff;
      heldBits += 8;
    }
    if (heldBits < bits) break;
    let code: number;
    if (isOld) {
      code = held & (1 << bits) - 1;
      held >>>= bits;
    } else {
      code = held >>> heldBits - bits & (1 << bits) - 1;
    }
    heldBits -= bits;
    if (code === END) break;
    if (code === CLEAR) {
      bits = 9;
      free = FIRST;
      previous = -1;
      continue;
    }
    if (code > free || code === free && previous < 0) {
      throw new ChunkError("LZW data are corrupt");
    }
    // A code that is about to be made is the one before and its own first byte.
    const isNew = code === free;
    const source = isNew ? previous : code;
    const size = sizes[source];
    let first = source;
    for (let i = at + size - 1, walk = source; i >= at; i--, walk = prefix[walk]) {
      if (i < length) out[i] = last[walk];
      first = walk;
    }
    at += size;
    if (isNew && at < length) out[at] = last[first];
    if (isNew) at++;
    if (previous >= 0 && free < CODES) {
      prefix[free] = previous;
      last[free] = last[first];
      sizes[free] = sizes[previous] + 1;
      free++;
      if (free + early >= 1 << bits && bits < MAX_BITS) bits++;
    }
    previous = code;
  }
  return at >= length ? out : out.subarray(0, at);
}
