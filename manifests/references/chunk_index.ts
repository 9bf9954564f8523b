/** The references of one array, found by a chunk's place in the grid. */

import type { ChunkLayout } from "../../src/zarr/chunk_grid.ts";
import { ABSENT_ID, type PackedReferences, type PackedRow } from "./packed_references.ts";
import { ReferencePacker } from "./reference_packer.ts";

/** Rows in any order, each with its place in the grid; the last one of a place counts. */
export interface UnorderedRows {
  /** Number of rows, those outside the grid among them. */
  readonly rows: number;
  /** The chunk's place in C order; undefined for a key outside the grid, which is ignored. */
  ordinal(row: number): number | undefined;
  /** What a row refers to: {@link PackedRow.id}. */
  id(row: number): number;
  /** Bytes from the start of the row's file, or of the inline bytes. */
  offset(row: number): number;
  /** Bytes of the row's chunk; 0 for a whole file. */
  length(row: number): number;
}

/** Packed rows in the order of the grid. Immutable. */
export class ChunkIndex {
  private constructor(
    readonly packed: PackedReferences,
    /** The place of each packed row, ascending; undefined where every place of the grid has a row. */
    readonly ordinals: Uint32Array | Float64Array | undefined,
  ) {}

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.packed.heldBytes + (this.ordinals?.byteLength ?? 0) + 128;
  }

  /** Sorts rows by their places in the grid, and packs them. */
  static *build(layout: ChunkLayout, source: UnorderedRows): Generator<void, ChunkIndex> {
    const isDense = layout.chunks <= source.rows * 2 + 1024;
    const { order, ordinals } = isDense
      ? denseOrder(layout.chunks, source)
      : sparseOrder(layout.chunks, source);
    // order holds row + 1; 0 stands for no row
    const packed = yield* new ReferencePacker().pack({
      rows: order.length,
      fill(first, count, { ids, offsets, lengths }) {
        for (let i = 0; i < count; i++) {
          const row = order[first + i] - 1;
          ids[i] = row < 0 ? ABSENT_ID : source.id(row);
          if (row < 0) continue;
          offsets[i] = source.offset(row);
          lengths[i] = source.length(row);
        }
      },
    });
    return new ChunkIndex(packed, ordinals);
  }

  /** Reads the row of the chunk at `ordinal` into `into`; false if there is none. */
  read(ordinal: number, into: PackedRow): boolean {
    const row = this.ordinals === undefined ? ordinal : search(this.ordinals, ordinal);
    return row !== undefined && this.packed.read(row, into).id !== ABSENT_ID;
  }

  /** The place in the grid of a packed row. */
  ordinal(row: number): number {
    return this.ordinals === undefined ? row : this.ordinals[row];
  }
}

interface Order {
  readonly order: Uint32Array;
  readonly ordinals?: Uint32Array | Float64Array;
}

function denseOrder(chunks: number, source: UnorderedRows): Order {
  const order = new Uint32Array(chunks);
  for (let row = 0; row < source.rows; row++) {
    const ordinal = source.ordinal(row);
    if (ordinal !== undefined) order[ordinal] = row + 1;
  }
  return { order };
}

function sparseOrder(chunks: number, source: UnorderedRows): Order {
  const places = new Float64Array(source.rows);
  const rows = new Uint32Array(source.rows);
  let [known, isAscending] = [0, true];
  for (let row = 0; row < source.rows; row++) {
    const ordinal = source.ordinal(row);
    if (ordinal === undefined) continue;
    places[row] = ordinal;
    isAscending &&= known === 0 || places[rows[known - 1]] < ordinal;
    rows[known++] = row;
  }
  const sorted = rows.subarray(0, known);
  if (!isAscending) sorted.sort((a, b) => places[a] - places[b] || a - b);
  let distinct = 0;
  for (let i = 0; i < known; i++) {
    // of the rows of one place the last stays
    if (i + 1 < known && places[sorted[i]] === places[sorted[i + 1]]) continue;
    sorted[distinct++] = sorted[i];
  }
  const ordinals = chunks <= 2 ** 32 ? new Uint32Array(distinct) : new Float64Array(distinct);
  for (let i = 0; i < distinct; i++) ordinals[i] = places[sorted[i]];
  return { order: sorted.slice(0, distinct).map((row) => row + 1), ordinals };
}

/** The index of `value` in ascending `values`. */
function search(values: Uint32Array | Float64Array, value: number): number | undefined {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return values[low] === value ? low : undefined;
}
