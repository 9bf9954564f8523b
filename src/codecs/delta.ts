/** numcodecs' `Delta`: differences of neighbours. Source: numcodecs/delta.py. */

import { cast, rounding } from "./cast.ts";
import type { Codec } from "./codec.ts";
import { filterDecoder, type FilterTypes, filterTypes } from "./filter.ts";
import type { Pace } from "./pace.ts";
import { isWide, promote, storedAs } from "./numpy_type.ts";

/** Words that are added up between looks at the pace. */
const BLOCK_WORDS = 65536;

export const delta: Codec = {
  name: "numcodecs.delta",
  aliases: ["delta"],
  kind: "array→array",
  ordered: true,
  stored: ({ astype }) => storedAs(astype),
  decoder({ configuration }, decoding) {
    const types = filterTypes(configuration);
    if (types?.decoded.kind === "bool" || types?.encoded.kind === "bool") return "is for numbers";
    return filterDecoder(types, decoding, undo);
  },
};

/** Running sums, in the type that NumPy's `cumsum(encoded, out=decoded)` adds in. */
async function undo(
  bytes: Uint8Array,
  { decoded, encoded }: FilterTypes,
  pace: Pace,
): Promise<Uint8Array> {
  const via = promote(encoded, decoded);
  if (isWide(via)) {
    const sums = await cast(bytes, encoded, via, pace);
    const words = new Uint32Array(sums.buffer, sums.byteOffset, sums.length / 4);
    for (let at = 2; at < words.length; at += BLOCK_WORDS) {
      if (pace.due()) await pace.turn();
      addUp(words, at, Math.min(words.length, at + BLOCK_WORDS));
    }
    return await cast(sums, via, decoded, pace);
  }
  const round = via.kind === "float" ? rounding(via) : wrapping;
  // a sum that starts with 0 would lose the sign of a first -0
  let sum = -0;
  return await cast(bytes, encoded, decoded, pace, {
    via,
    run(block) {
      for (let i = 0; i < block.length; i++) block[i] = sum = round(sum + block[i]);
    },
  });
}

/** Sums of integers wrap around where they are stored; those of 32 bits are equal in all narrower types. */
function wrapping(sum: number): number {
  return sum | 0;
}

/** Running sums of 64-bit integers, each a low and a high word. */
function addUp(words: Uint32Array, from: number, to: number): void {
  for (let i = from; i < to; i += 2) {
    const low = words[i] + words[i - 2];
    words[i] = low;
    words[i + 1] += words[i - 1] + (low > 0xffffffff ? 1 : 0);
  }
}
