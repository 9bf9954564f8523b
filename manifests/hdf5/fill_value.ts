/** The fill value messages. Source: HDF5 File Format Specification IV.A.2.e and f. */

import { MESSAGE, type Message } from "./object_header.ts";
import { Cursor, type FieldSizes } from "./cursor.ts";

/**
 * The bytes of the fill value of a dataset, in the dataset's type; undefined where HDF5's own counts,
 * which is zeros.
 *
 * @throws IndexError
 */
export function parseFillValue(
  messages: readonly Message[],
  sizes: FieldSizes,
): Uint8Array | undefined {
  const found = messages.find(({ type }) => type === MESSAGE.fillValue) ??
    messages.find(({ type }) => type === MESSAGE.oldFillValue);
  if (!found) return undefined;
  const cursor = new Cursor(found.data, sizes);
  if (found.type === MESSAGE.oldFillValue) return value(cursor);
  const version = cursor.version("a fill value", 1, 2, 3);
  if (version === 3) return cursor.u8() & 0x20 ? value(cursor) : undefined;
  const defined = cursor.skip(2).u8();
  return version === 1 || defined ? value(cursor) : undefined;
}

function value(cursor: Cursor): Uint8Array | undefined {
  const length = cursor.u32();
  return length === 0 ? undefined : cursor.take(length).slice();
}
