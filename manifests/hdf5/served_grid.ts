/** The chunk grid in which a dataset is served: its own, or, of one that has none, one that clients can read in parts. */

import type { DataLayout } from "./layout.ts";

/** Bytes of contiguous data above which it is served in parts. */
const MAX_WHOLE_BYTES = 16 * 2 ** 20;
/** Bytes that a part has, about. */
const PART_BYTES = 4 * 2 ** 20;

/**
 * Elements of a served chunk along each dimension of the dataset, each at least 1. Those of contiguous data
 * are rows of its slowest dimensions, one behind the other in the file.
 *
 * @param elementBytes bytes of an element in the file
 */
export function servedChunkShape(
  layout: DataLayout,
  shape: readonly number[],
  elementBytes: number,
): readonly number[] {
  if (layout.class === "chunked") return layout.chunkShape;
  const whole = shape.map((length) => Math.max(1, length));
  const bytes = whole.reduce((product, length) => product * length, elementBytes);
  if (layout.class === "compact" || bytes <= MAX_WHOLE_BYTES) return whole;
  const chunk = whole.map(() => 1);
  let part = elementBytes;
  for (let i = whole.length - 1; i >= 0; i--) {
    const rows = Math.max(1, Math.floor(PART_BYTES / part));
    if (rows < whole[i]) {
      chunk[i] = evenRows(whole[i], rows);
      break;
    }
    chunk[i] = whole[i];
    part *= whole[i];
  }
  return chunk;
}

/** At most `rows`, and at least half of that where it leaves no shorter part at the end. */
function evenRows(length: number, rows: number): number {
  for (let count = rows; 2 * count >= rows; count--) if (length % count === 0) return count;
  return rows;
}

/** Bytes of a contiguous dataset. */
export interface Run {
  /** From its start. */
  readonly offset: number;
  /** Less than a chunk's where the chunk goes beyond the dataset's end. */
  readonly length: number;
}

/** Where the chunk at `coords` of {@link servedChunkShape} lies in contiguous data. */
export function contiguousRun(
  shape: readonly number[],
  chunkShape: readonly number[],
  elementBytes: number,
  coords: readonly number[],
): Run {
  let offset = 0;
  let length = elementBytes;
  let stride = elementBytes;
  for (let i = shape.length - 1; i >= 0; i--) {
    const start = coords[i] * chunkShape[i];
    offset += start * stride;
    length *= Math.min(chunkShape[i], shape[i] - start);
    stride *= shape[i];
  }
  return { offset, length };
}
