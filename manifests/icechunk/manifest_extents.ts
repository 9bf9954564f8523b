/** Which manifest files hold which part of an array's chunk grid. */

import { encodeObjectId } from "./object_id.ts";

/** The manifest files that an array uses, and the part of its chunk grid that each covers. */
export interface ManifestExtents {
  /** Number of manifest files. */
  readonly count: number;
  /** 12 bytes a manifest file. */
  readonly ids: Uint8Array;
  /** Numbers a manifest file has in `extents`: two a dimension. */
  readonly stride: number;
  /** `from` (inclusive) and `to` (exclusive) of each dimension, one after the other. */
  readonly extents: Uint32Array;
}

/** The places of the manifests that may hold the chunk at `coords`. */
export function manifestsOf(
  { count, stride, extents }: ManifestExtents,
  coords: readonly number[],
): number[] {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    if (covers(extents, i * stride, stride, coords)) found.push(i);
  }
  return found;
}

/** The id of the manifest at a place. */
export function manifestId({ ids }: ManifestExtents, place: number): string {
  return encodeObjectId(ids.subarray(12 * place, 12 * place + 12));
}

/** True if the manifest at a place covers `coords`. No extents at all cover everything. */
export function covers(
  extents: Uint32Array,
  at: number,
  stride: number,
  coords: ArrayLike<number>,
): boolean {
  if (stride === 0) return true;
  for (let i = 0; i < coords.length; i++) {
    const coord = coords[i];
    if (coord < extents[at + 2 * i] || coord >= extents[at + 2 * i + 1]) return false;
  }
  return true;
}

/** Every manifest's place alone, in the order in which they are listed. */
export function* oneByOne({ count }: ManifestExtents): Generator<number[]> {
  for (let i = 0; i < count; i++) yield [i];
}

/**
 * The places of the manifests in the order of the grid, those together whose chunks alternate in it:
 * each group ends before the next one begins.
 */
export function* interleaved({ count, stride, extents }: ManifestExtents): Generator<number[]> {
  /** The order of two corners, by their positions among the extents. */
  const compare = (a: number, b: number, less = 0) => {
    for (let i = 0; i < stride; i += 2) {
      const order = extents[a + i] - less - extents[b + i];
      if (order !== 0) return order;
    }
    return 0;
  };
  const places = Array.from({ length: count }, (_, i) => i)
    .sort((a, b) => compare(stride * a, stride * b));
  let group: number[] = [];
  let last = -1;
  for (const place of places) {
    // no extents at all cover everything
    if (stride > 0 && group.length > 0 && compare(stride * last + 1, stride * place, 1) < 0) {
      yield group;
      group = [];
    }
    if (group.length === 0 || compare(stride * last + 1, stride * place + 1) < 0) last = place;
    group.push(place);
  }
  if (group.length > 0) yield group;
}

/** The order of two chunks in the grid: negative, 0 or positive. */
export function compareCoords(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}
