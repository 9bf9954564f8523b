/**
 * TIFF's values of less than 8, or between 9 and 31 bits: one behind the other from the highest bit of the
 * first byte, each row of pixels from a byte's start. Source: TIFF 6.0, section 8 (BitsPerSample).
 */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import type { Pace } from "./pace.ts";

/** The row of `tiff.bits`: rows of `row_items` values of `bits`, each times `factor`, little-endian. */
export const tiffBits: Codec = {
  name: "tiff.bits",
  kind: "bytes→bytes",
  decoder({ configuration, elements: { itemBytes } }, { decoded }) {
    const bits = integer(configuration.bits, 1, 31);
    const items = integer(configuration.row_items, 1);
    const factor = integer(configuration.factor, 1) ?? 1;
    if (!bits || !items || !itemBytes) return "does not say how its values are packed";
    if (decoded.bytes % (items * itemBytes) !== 0) return "does not fit the array's chunks";
    const rows = decoded.bytes / (items * itemBytes);
    const rowBytes = Math.ceil(items * bits / 8);
    return {
      decode: (bytes, pace) =>
        unpackBits(bytes, pace, { rows, rowBytes, items, bits, itemBytes, factor }),
      encoded: { bytes: rows * rowBytes, exact: decoded.exact },
    };
  },
};

/** Packed bytes between looks at the pace. */
const SLICE_BYTES = 2 ** 13;

interface Packing {
  readonly rows: number;
  readonly rowBytes: number;
  readonly items: number;
  readonly bits: number;
  readonly itemBytes: number;
  readonly factor: number;
}

async function unpackBits(
  bytes: Uint8Array,
  pace: Pace,
  packing: Packing,
): Promise<Uint8Array> {
  const { rows, rowBytes, items, bits, itemBytes, factor } = packing;
  if (bytes.length !== rows * rowBytes) throw new ChunkError("A chunk of packed bits is cut short");
  const out = new Uint8Array(rows * items * itemBytes);
  const rowsOfSlice = Math.ceil(SLICE_BYTES / rowBytes);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    if (row % rowsOfSlice === 0 && pace.due()) await pace.turn();
    let at = row * rowBytes;
    // a double holds what is left of a byte and the four that a value takes at most
    let held = 0;
    let heldBits = 0;
    for (let i = 0; i < items; i++) {
      while (heldBits < bits) {
        held = held * 256 + bytes[at++];
        heldBits += 8;
      }
      heldBits -= bits;
      const rest = 2 ** heldBits;
      let value = Math.floor(held / rest);
      held -= value * rest;
      value *= factor;
      for (let byte = 0; byte < itemBytes; byte++, value = Math.floor(value / 256)) {
        out[to++] = value;
      }
    }
  }
  return out;
}
