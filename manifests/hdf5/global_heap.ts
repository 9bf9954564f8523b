/** The global heap: where values of variable length lie. Source: HDF5 File Format Specification III.E. */

import { IndexError } from "../../src/errors.ts";
import { Cursor } from "./cursor.ts";
import type { Hdf5File } from "./file.ts";

/** The objects of the collection at `address`, by their index. @throws IndexError, OriginError */
export async function readCollection(
  file: Hdf5File,
  address: number,
): Promise<Map<number, Uint8Array>> {
  const { lengths } = file.sizes;
  const head = (await file.at(address, 8 + lengths)).signature("GCOL");
  head.version("a global heap", 1);
  const bytes = head.skip(3).length();
  const cursor = (await file.at(address, bytes)).skip(8 + lengths);
  const objects = new Map<number, Uint8Array>();
  while (cursor.left >= 8 + lengths) {
    const index = cursor.u16();
    if (index === 0) break; // what is free
    cursor.skip(6); // reference count, reserved
    const length = cursor.length();
    const start = cursor.at;
    objects.set(index, cursor.take(length));
    cursor.skip(Math.min(cursor.left, (8 - length % 8) % 8));
    if (cursor.at < start) throw new IndexError("A global heap is damaged");
  }
  return objects;
}

/** Where a value of variable length is: `count` elements, as object `index` of the collection at `address`. */
export interface HeapPlace {
  /** Elements of the value. */
  readonly count: number;
  /** Undefined for a value without elements. */
  readonly address?: number;
  /** Its number in the collection. */
  readonly index: number;
}

/** Reads the 4 + O + 4 bytes by which a dataset points to a value of variable length. */
export function readHeapPlace(cursor: Cursor): HeapPlace {
  const count = cursor.u32();
  const address = cursor.address();
  const index = cursor.u32();
  return { count, address: address === 0 || index === 0 ? undefined : address, index };
}
