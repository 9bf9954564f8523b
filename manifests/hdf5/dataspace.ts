/** The dataspace message: an array's shape. Source: HDF5 File Format Specification IV.A.2.b. */

import { IndexError } from "../../src/errors.ts";
import { Cursor, type FieldSizes } from "./cursor.ts";

/** The shape of a dataset or attribute. */
export interface Dataspace {
  /** Elements along each dimension; empty for a scalar. */
  readonly shape: readonly number[];
  /** What each dimension may grow to; undefined where it may grow for ever. */
  readonly maxShape: readonly (number | undefined)[];
  /** True if it has no elements at all, not even one. */
  readonly isNull: boolean;
}

/** Reads the message. @throws IndexError */
export function parseDataspace(data: Uint8Array, sizes: FieldSizes): Dataspace {
  const cursor = new Cursor(data, sizes);
  const version = cursor.version("a dataspace", 1, 2);
  const rank = cursor.u8();
  const flags = cursor.u8();
  const kind = version === 2 ? cursor.u8() : cursor.skip(5) && (rank === 0 ? 0 : 1);
  if (rank > 32 || kind > 2) throw new IndexError("A dataspace is impossible");
  const shape = Array.from({ length: rank }, () => cursor.length());
  const maxShape = flags & 1
    ? Array.from({ length: rank }, () => cursor.uintOrNone(sizes.lengths))
    : shape;
  return { shape, maxShape, isNull: kind === 2 };
}
