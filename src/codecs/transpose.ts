/**
 * Transpositions. Source: the Zarr v3 core specification, `transpose`: dimension `i` of what is encoded
 * is dimension `order[i]` of the array.
 */

import type { Json } from "../json.ts";
import { copyOf, type Pace } from "./pace.ts";
import type { Codec, Stage } from "./codec.ts";

/** Units that are moved between looks at the pace. */
const BLOCK = 4096;

export const transpose: Codec = {
  name: "transpose",
  kind: "array→array",
  portable({ configuration, elements }) {
    const axes = transposeOrder(configuration.order, elements.rank);
    return axes && isOwnInverse(axes)
      ? { name: "transpose", configuration: { order: axes } }
      : undefined;
  },
};

/** The permutation that an `order` means; undefined if it is none of `rank` dimensions. */
export function transposeOrder(order: Json | undefined, rank: number): number[] | undefined {
  const axes = [...Array(rank).keys()];
  const numbers = order === "C" ? axes : order === "F" ? axes.toReversed() : order;
  if (!Array.isArray(numbers) || numbers.length !== rank) return undefined;
  return axes.every((axis) => numbers.includes(axis)) ? [...numbers] as number[] : undefined;
}

/** The one permutation that these `transpose` codecs make together; undefined if one is not valid. */
export function combinedOrder(transposes: readonly Stage[], rank: number): number[] | undefined {
  let combined = [...Array(rank).keys()];
  for (const { configuration } of transposes) {
    const order = transposeOrder(configuration.order, rank);
    if (!order) return undefined;
    combined = order.map((axis) => combined[axis]);
  }
  return combined;
}

/**
 * True if doing it twice leaves the dimensions as they were. Of any other permutation GDAL 3.13 does
 * the inverse, and so reads wrong numbers; zarrita 0.7 reads wrong numbers behind two transpositions.
 */
export function isOwnInverse(order: readonly number[]): boolean {
  return order.every((axis, i) => order[axis] === i);
}

/**
 * A chunk's elements in the order of the array's own dimensions, last one fastest.
 *
 * @param bytes the elements in the order of the transposed dimensions
 * @param itemBytes bytes of an element
 * @param shape of the chunk in the array's dimensions
 */
export async function untranspose(
  bytes: Uint8Array,
  itemBytes: number,
  shape: readonly number[],
  order: readonly number[],
  pace: Pace,
): Promise<Uint8Array> {
  const rank = shape.length;
  // Elements from one to the next along each of the array's dimensions, in what is encoded.
  const strides = new Array<number>(rank);
  for (let i = rank - 1, stride = 1; i >= 0; i--) {
    strides[order[i]] = stride;
    stride *= shape[order[i]];
  }
  const width = itemBytes % 4 === 0 ? 4 : itemBytes % 2 === 0 ? 2 : 1;
  const Units = width === 4 ? Uint32Array : width === 2 ? Uint16Array : Uint8Array;
  const source = new Units((await copyOf([bytes], pace)).buffer);
  const target = new Units(source.length);
  const perItem = itemBytes / width;
  const index = new Array<number>(rank).fill(0);
  const last = rank - 1;
  for (let to = 0, row = 0, look = 0; to < target.length;) {
    if (to >= look) {
      if (pace.due()) await pace.turn();
      look = to + BLOCK;
    }
    for (let i = 0, from = row * perItem; i < shape[last]; i++, from += strides[last] * perItem) {
      for (let unit = 0; unit < perItem; unit++) target[to++] = source[from + unit];
    }
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      row += strides[axis];
      if (++index[axis] < shape[axis]) break;
      row -= index[axis] * strides[axis];
      index[axis] = 0;
    }
    if (axis < 0) break;
  }
  return new Uint8Array(target.buffer);
}
