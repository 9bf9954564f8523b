/** The byte shuffle of HDF5, numcodecs and Blosc, and Blosc's bit shuffle. */

import type { JsonObject } from "../json.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";

/** Bytes that are done between looks at the pace. */
const BLOCK_BYTES = 262_144;

export const shuffle: Codec = {
  name: "numcodecs.shuffle",
  aliases: ["shuffle"],
  kind: "bytes→bytes",
  // numcodecs' own default, 4, is Zarr v2's alone.
  complete: (configuration, { itemBytes }) =>
    (configuration.elementsize ?? null) === null && itemBytes !== undefined
      ? { ...configuration, elementsize: itemBytes }
      : configuration,
  isIdentity: ({ configuration }) => (integer(configuration.elementsize) ?? Infinity) <= 1,
  decoder({ configuration }, { decoded }) {
    const elementBytes = shuffledBytes(configuration);
    if (elementBytes === undefined) return "does not say its element size";
    return {
      async decode(bytes, pace) {
        const out = new Uint8Array(bytes.length);
        const step = Math.ceil(BLOCK_BYTES / elementBytes);
        for (let at = 0; at === 0 || at * elementBytes < bytes.length; at += step) {
          if (pace.due()) await pace.turn();
          unshuffle(bytes, elementBytes, out, at, at + step);
        }
        return out;
      },
      encoded: decoded,
    };
  },
  fromV2: ({ elementsize = 4, ...configuration }) =>
    elementsize === null
      ? "has no element size"
      : { name: "numcodecs.shuffle", configuration: { ...configuration, elementsize } },
};

/** Bytes of an element of a `shuffle`, 1 or more; undefined where its configuration has no such number. */
export function shuffledBytes(configuration: JsonObject): number | undefined {
  return integer(configuration.elementsize, 1);
}

/**
 * Undoes the byte shuffle: all first bytes of the elements, then all second bytes, and so on. Bytes
 * behind the last whole element are as they were (HDF5's and Blosc's rule).
 *
 * @param elementBytes bytes of an element
 * @param out as long as `bytes`, and another place
 * @param from the first element to be done, and `end` the one behind the last
 */
export function unshuffle(
  bytes: Uint8Array,
  elementBytes: number,
  out: Uint8Array,
  from = 0,
  end = Infinity,
): void {
  const count = Math.floor(bytes.length / elementBytes);
  const stop = Math.min(count, end);
  for (let byte = 0; byte < elementBytes; byte++) {
    const plane = byte * count;
    for (let i = from, to = from * elementBytes + byte; i < stop; i++, to += elementBytes) {
      out[to] = bytes[plane + i];
    }
  }
  const whole = count * elementBytes;
  if (end >= count) out.set(bytes.subarray(whole), whole);
}

/**
 * Undoes the bit shuffle of one Blosc block: for each byte of an element and each of its bits from the
 * lowest, that bit of all elements, eight to a byte. Blosc leaves a block alone whose number of
 * elements is no multiple of eight.
 *
 * @param elementBytes bytes of an element
 * @param out as long as `bytes`, zeros, and another place
 */
export function bitUnshuffle(bytes: Uint8Array, elementBytes: number, out: Uint8Array): void {
  const count = Math.floor(bytes.length / elementBytes);
  if (count % 8 !== 0) return out.set(bytes);
  const whole = count * elementBytes;
  const row = count / 8;
  for (let byte = 0; byte < elementBytes; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const from = (byte * 8 + bit) * row;
      for (let i = 0; i < row; i++) {
        const packed = bytes[from + i];
        let to = i * 8 * elementBytes + byte;
        for (let k = 0; k < 8; k++, to += elementBytes) out[to] |= (packed >> k & 1) << bit;
      }
    }
  }
  out.set(bytes.subarray(whole), whole);
}
