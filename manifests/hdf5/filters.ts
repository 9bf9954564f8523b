/** The filter pipeline message. Source: HDF5 File Format Specification IV.A.2.l. */

import type { Hdf5Filter } from "../hdf5_filters.ts";
import { Cursor, decodeText, type FieldSizes } from "./cursor.ts";

/** Reads the message: filters in the order in which they were applied. @throws IndexError */
export function parseFilters(data: Uint8Array, sizes: FieldSizes): Hdf5Filter[] {
  const cursor = new Cursor(data, sizes);
  const version = cursor.version("a filter pipeline", 1, 2);
  const count = cursor.u8();
  if (version === 1) cursor.skip(6);
  return Array.from({ length: count }, () => {
    const id = cursor.u16();
    const nameBytes = version === 1 || id >= 256 ? cursor.u16() : 0;
    cursor.skip(2); // flags: whether it may be left out of a chunk
    const parameterCount = cursor.u16();
    const name = cursor.take(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    const parameters = Array.from({ length: parameterCount }, () => cursor.u32());
    if (version === 1 && parameterCount % 2 === 1) cursor.skip(4);
    const end = name.indexOf(0);
    return { id, name: decodeText(end < 0 ? name : name.subarray(0, end)), parameters };
  });
}
