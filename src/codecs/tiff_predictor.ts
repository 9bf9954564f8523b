/**
 * TIFF's predictors: differences along a row of pixels. 2 takes integers (floats as the integers of their
 * bits), 3 takes floats, their bytes in planes, highest first. Sources: TIFF 6.0, section 14; TIFF Technical
 * Note 3; libtiff's tif_predict.c.
 */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import type { Pace } from "./pace.ts";

/** The row of `tiff.predictor`: rows of `width` pixels of `samples` values of `item_bytes` bytes. */
export const tiffPredictor: Codec = {
  name: "tiff.predictor",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const predictor = integer(configuration.predictor, 2, 3);
    const width = integer(configuration.width, 1);
    const samples = integer(configuration.samples, 1);
    const itemBytes = integer(configuration.item_bytes, 1, 8);
    if (!predictor || !width || !samples || !itemBytes) return "does not say what it predicts";
    const rows: Rows = {
      items: width * samples,
      samples,
      itemBytes,
      littleEndian: configuration.endian !== "big",
    };
    if (decoded.bytes % (rows.items * itemBytes) !== 0) return "does not fit the array's chunks";
    return predictor === 2
      ? {
        decode: (bytes, pace) => byRows(bytes, bytes, rows, pace, addUp),
        encoded: decoded,
        inPlace: true,
      }
      : {
        decode: (bytes, pace) =>
          byRows(bytes, new Uint8Array(bytes.length), rows, pace, joinPlanes),
        encoded: decoded,
        scratchBytes: rows.items * itemBytes,
      };
  },
};

interface Rows {
  /** Values of a row. */
  readonly items: number;
  readonly samples: number;
  readonly itemBytes: number;
  readonly littleEndian: boolean;
}

/** Bytes of rows between looks at the pace. */
const SLICE_BYTES = 2 ** 16;

/** `out`, once `undo` has filled it with what whole rows of `bytes` mean. */
async function byRows(
  bytes: Uint8Array,
  out: Uint8Array,
  rows: Rows,
  pace: Pace,
  undo: (bytes: Uint8Array, out: Uint8Array, rows: Rows) => void,
): Promise<Uint8Array> {
  const rowBytes = rows.items * rows.itemBytes;
  if (bytes.length % rowBytes !== 0) throw new ChunkError("A predicted chunk ends within a row");
  const step = Math.max(1, Math.floor(SLICE_BYTES / rowBytes)) * rowBytes;
  for (let at = 0; at < bytes.length; at += step) {
    if (pace.due()) await pace.turn();
    undo(bytes.subarray(at, at + step), out.subarray(at, at + step), rows);
  }
  return out;
}

function addUp(
  bytes: Uint8Array,
  _out: Uint8Array,
  { items, samples, itemBytes, littleEndian }: Rows,
): void {
  const rowBytes = items * itemBytes;
  const step = samples * itemBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let row = 0; row < bytes.length; row += rowBytes) {
    const end = row + rowBytes;
    switch (itemBytes) {
      case 1:
        for (let at = row + step; at < end; at++) bytes[at] += bytes[at - step];
        break;
      case 2:
        for (let at = row + step; at < end; at += 2) {
          const sum = view.getUint16(at, littleEndian) + view.getUint16(at - step, littleEndian);
          view.setUint16(at, sum, littleEndian);
        }
        break;
      case 4:
        for (let at = row + step; at < end; at += 4) {
          const sum = view.getInt32(at, littleEndian) + view.getInt32(at - step, littleEndian);
          view.setInt32(at, sum, littleEndian);
        }
        break;
      case 8: {
        const low = littleEndian ? 0 : 4;
        for (let at = row + step; at < end; at += 8) {
          const sum = view.getUint32(at + low, littleEndian) +
            view.getUint32(at + low - step, littleEndian);
          const high = view.getUint32(at + 4 - low, littleEndian) +
            view.getUint32(at + 4 - low - step, littleEndian) + (sum > 0xffffffff ? 1 : 0);
          view.setUint32(at + low, sum, littleEndian);
          view.setUint32(at + 4 - low, high, littleEndian);
        }
        break;
      }
      default:
        throw new ChunkError(`Values of ${itemBytes} bytes have no predictor`);
    }
  }
}

function joinPlanes(
  bytes: Uint8Array,
  out: Uint8Array,
  { items, samples, itemBytes, littleEndian }: Rows,
): void {
  const rowBytes = items * itemBytes;
  const planes = new Uint8Array(rowBytes);
  for (let row = 0; row < bytes.length; row += rowBytes) {
    planes.set(bytes.subarray(row, row + rowBytes));
    for (let i = samples; i < rowBytes; i++) planes[i] += planes[i - samples];
    for (let byte = 0; byte < itemBytes; byte++) {
      const plane = byte * items;
      let to = row + (littleEndian ? itemBytes - 1 - byte : byte);
      for (let i = 0; i < items; i++, to += itemBytes) out[to] = planes[plane + i];
    }
  }
}
