/** The order in which arrays of chunk addresses have a grid's chunks. */

import { IndexError } from "../../../src/errors.ts";

/** A grid none of whose dimensions grows for ever. @throws IndexError */
export function finite(grid: readonly (number | undefined)[]): number[] {
  return grid.map((count) => {
    if (count === undefined) throw new IndexError("An index of fixed size has chunks without end");
    return count;
  });
}

/** The place of `coords` in C order; undefined outside of `grid`, whose first length does not count. */
export function ordinalOf(coords: readonly number[], grid: readonly number[]): number | undefined {
  let ordinal = 0;
  for (let i = 0; i < grid.length; i++) {
    if (coords[i] >= grid[i]) return undefined;
    ordinal = ordinal * grid[i] + coords[i];
  }
  return ordinal;
}

/** The coordinates at a place in C order. */
export function coordsAt(ordinal: number, grid: readonly number[]): number[] {
  const coords = new Array<number>(grid.length);
  for (let i = grid.length - 1; i > 0; i--) {
    coords[i] = ordinal % grid[i];
    ordinal = Math.floor(ordinal / grid[i]);
  }
  if (grid.length > 0) coords[0] = ordinal;
  return coords;
}
