/** Manifest files built by hand, with the `flatbuffers` package. */

import { Builder } from "flatbuffers";

/** The id of every manifest built here, `1CECHNKREP0F1RSTCMT0`. */
export const ID = Uint8Array.fromHex("0b1cc8d6787580f0e33a6534");
/** The id of the first array, unless it is given another. */
export const NODE = "0000000000000";

/** A reference: the fields that it has. */
export interface Ref {
  index: number[];
  inline?: number[];
  offset?: bigint;
  length?: bigint;
  chunk?: Uint8Array;
  location?: string;
  etag?: string;
  lastModified?: number;
  compressed?: Uint8Array;
}

/** An array with its references. */
export interface Arrays {
  node?: Uint8Array;
  refs: Ref[];
}

/** A vector of bytes. */
export function bytesVector(builder: Builder, bytes: ArrayLike<number>): number {
  builder.startVector(1, bytes.length, 1);
  for (let i = bytes.length - 1; i >= 0; i--) builder.addInt8(bytes[i]);
  return builder.endVector();
}

/** Bytes as a struct, written where a field refers to it. */
export function struct(builder: Builder, bytes: Uint8Array): number {
  builder.prep(1, bytes.length);
  for (let i = bytes.length - 1; i >= 0; i--) builder.writeInt8(bytes[i]);
  return builder.offset();
}

/** A vector of tables. */
export function tables(builder: Builder, offsets: number[]): number {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

function refTable(builder: Builder, ref: Ref): number {
  builder.startVector(4, ref.index.length, 4);
  for (const at of ref.index.toReversed()) builder.addInt32(at);
  const index = builder.endVector();
  const inline = ref.inline && bytesVector(builder, ref.inline);
  const location = ref.location === undefined ? undefined : builder.createString(ref.location);
  const etag = ref.etag === undefined ? undefined : builder.createString(ref.etag);
  const compressed = ref.compressed && bytesVector(builder, ref.compressed);
  builder.startObject(10);
  builder.addFieldOffset(0, index, 0);
  if (inline) builder.addFieldOffset(1, inline, 0);
  if (ref.offset) builder.addFieldInt64(2, ref.offset, 0n);
  if (ref.length) builder.addFieldInt64(3, ref.length, 0n);
  if (ref.chunk) builder.addFieldStruct(4, struct(builder, ref.chunk), 0);
  if (location) builder.addFieldOffset(5, location, 0);
  if (etag) builder.addFieldOffset(6, etag, 0);
  if (ref.lastModified) builder.addFieldInt32(7, ref.lastModified, 0);
  if (compressed) builder.addFieldOffset(8, compressed, 0);
  return builder.endObject();
}

/** The FlatBuffer of a manifest file. `repeat` makes several arrays share one vector. */
export function manifest(
  arrays: Arrays[],
  options: {
    dictionary?: Uint8Array;
    algorithm?: number;
    repeat?: number;
    sameNode?: boolean;
    id?: Uint8Array;
  } = {},
): Uint8Array {
  const builder = new Builder(1024);
  const written: number[] = [];
  for (const [i, { node, refs }] of arrays.entries()) {
    const vector = tables(builder, refs.map((ref) => refTable(builder, ref)));
    for (let copy = 0; copy < (options.repeat ?? 1); copy++) {
      const id = node ?? new Uint8Array(8);
      if (!options.sameNode) id[6] = copy >> 8, id[7] = i + copy;
      builder.startObject(3);
      builder.addFieldStruct(0, struct(builder, id), 0);
      builder.addFieldOffset(1, vector, 0);
      written.push(builder.endObject());
    }
  }
  const all = tables(builder, written);
  const dictionary = options.dictionary && bytesVector(builder, options.dictionary);
  builder.startObject(5);
  builder.addFieldStruct(0, struct(builder, options.id ?? ID), 0);
  builder.addFieldOffset(1, all, 0);
  if (dictionary) builder.addFieldOffset(2, dictionary, 0);
  if (options.algorithm !== undefined) builder.addFieldInt8(3, options.algorithm, 1);
  builder.finish(builder.endObject(), "Ichk");
  return builder.asUint8Array();
}
