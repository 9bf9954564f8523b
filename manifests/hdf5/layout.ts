/** The data layout message: how a dataset's bytes are stored. Source: HDF5 File Format Specification IV.A.2.i. */

import { IndexError } from "../../src/errors.ts";
import { Cursor, type FieldSizes } from "./cursor.ts";

/** Which index tells where the chunks are, and what it takes to read it. */
export type ChunkIndexKind =
  | { readonly kind: "btree-v1" }
  /** `filteredBytes` is undefined where no filter applies. */
  | { readonly kind: "single"; readonly filteredBytes?: number; readonly filterMask: number }
  | { readonly kind: "implicit" }
  | { readonly kind: "fixed-array" }
  | { readonly kind: "extensible-array" }
  | { readonly kind: "btree-v2" };

/** How a dataset's bytes are stored. */
export type DataLayout =
  | { readonly class: "compact"; readonly bytes: Uint8Array }
  /** No address: nothing was ever written. */
  | { readonly class: "contiguous"; readonly address?: number; readonly length: number }
  | {
    readonly class: "chunked";
    /** Elements of a chunk along each dimension. */
    readonly chunkShape: readonly number[];
    readonly elementBytes: number;
    readonly index: ChunkIndexKind;
    /** Where the index is; undefined: there is no chunk yet. */
    readonly address?: number;
    /** Bytes of a filtered chunk's size in the index. */
    readonly sizeBytes: number;
    /** True if the chunks at the edge that are not whole have no filter applied. */
    readonly plainEdges: boolean;
  }
  /** A virtual dataset: its parts are listed in the global heap. */
  | { readonly class: "virtual"; readonly heap?: number; readonly index: number };

/** Reads the message. @throws IndexError */
export function parseLayout(data: Uint8Array, sizes: FieldSizes): DataLayout {
  const cursor = new Cursor(data, sizes);
  const version = cursor.version("a data layout", 1, 2, 3, 4, 5);
  if (version < 3) return earlyLayout(cursor);
  const kind = cursor.u8();
  switch (kind) {
    case 0:
      return { class: "compact", bytes: cursor.take(cursor.u16()).slice() };
    case 1:
      return { class: "contiguous", address: cursor.address(), length: cursor.length() };
    case 2:
      return version === 3 ? chunkedV3(cursor) : chunkedV4(cursor, version);
    case 3:
      return { class: "virtual", heap: cursor.address(), index: cursor.u32() };
    default:
      throw new IndexError(`Data layouts of class ${kind} are not known`);
  }
}

function earlyLayout(cursor: Cursor): DataLayout {
  const rank = cursor.u8();
  const kind = cursor.u8();
  cursor.skip(5);
  const address = kind === 0 ? undefined : cursor.address();
  const shape = Array.from({ length: rank }, () => cursor.u32());
  if (kind === 0) return { class: "compact", bytes: cursor.take(cursor.u32()).slice() };
  if (kind === 1) {
    return { class: "contiguous", address, length: shape.reduce((product, n) => product * n, 1) };
  }
  return chunked(shape.slice(0, -1), cursor.u32(), { kind: "btree-v1" }, address, cursor);
}

function chunkedV3(cursor: Cursor): DataLayout {
  const rank = cursor.u8() - 1;
  const address = cursor.address();
  const shape = Array.from({ length: rank }, () => cursor.u32());
  return chunked(shape, cursor.u32(), { kind: "btree-v1" }, address, cursor);
}

function chunkedV4(cursor: Cursor, version: number): DataLayout {
  const flags = cursor.u8();
  const rank = cursor.u8() - 1;
  const width = cursor.u8();
  const shape = Array.from({ length: rank }, () => cursor.uint(width));
  const elementBytes = cursor.uint(width);
  const index = chunkIndex(cursor, flags);
  const layout = chunked(shape, elementBytes, index, cursor.address(), cursor);
  const chunkBytes = shape.reduce((product, n) => product * n, elementBytes);
  return {
    ...layout,
    sizeBytes: version === 4
      ? Math.min(8, 1 + ((Math.floor(Math.log2(Math.max(1, chunkBytes))) + 8) >> 3))
      : cursor.sizes.lengths,
    plainEdges: (flags & 1) !== 0,
  };
}

function chunkIndex(cursor: Cursor, flags: number): ChunkIndexKind {
  const kind = cursor.u8();
  switch (kind) {
    case 1:
      return flags & 2
        ? { kind: "single", filteredBytes: cursor.length(), filterMask: cursor.u32() }
        : { kind: "single", filterMask: 0 };
    case 2:
      return { kind: "implicit" };
    case 3:
      cursor.skip(1);
      return { kind: "fixed-array" };
    case 4:
      cursor.skip(5);
      return { kind: "extensible-array" };
    case 5:
      cursor.skip(6);
      return { kind: "btree-v2" };
    default:
      throw new IndexError(`Chunk indexes of kind ${kind} are not known`);
  }
}

function chunked(
  chunkShape: readonly number[],
  elementBytes: number,
  index: ChunkIndexKind,
  address: number | undefined,
  { sizes }: Cursor,
): Extract<DataLayout, { class: "chunked" }> {
  if (chunkShape.length === 0 || chunkShape.some((length) => length === 0) || elementBytes === 0) {
    throw new IndexError("A dataset's chunks are impossible");
  }
  return {
    class: "chunked",
    chunkShape,
    elementBytes,
    index,
    address,
    sizeBytes: sizes.lengths,
    plainEdges: false,
  };
}
