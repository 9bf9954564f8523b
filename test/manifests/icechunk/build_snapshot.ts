/** Snapshot and repo files built by hand, with the `flatbuffers` package. */

import { Builder } from "flatbuffers";
import { bytesVector, ID, struct, tables } from "./build_manifest.ts";

/** The FlatBuffer of a snapshot of groups. `slots` are the numbers of the paths, in the vector's order. */
export function snapshot(paths: string[], slots = paths.map((_, i) => i)): Uint8Array {
  const builder = new Builder(1024);
  const nodes = paths.map((path) => {
    const at = builder.createString(path);
    const json = new TextEncoder().encode('{"zarr_format":3,"node_type":"group"}');
    const userData = bytesVector(builder, json);
    builder.startObject(5);
    builder.addFieldStruct(0, struct(builder, new Uint8Array(8)), 0);
    builder.addFieldOffset(1, at, 0);
    builder.addFieldOffset(2, userData, 0);
    builder.addFieldInt8(3, 2, 0);
    return builder.endObject();
  });
  const vector = tables(builder, slots.map((i) => nodes[i]));
  const message = builder.createString("made");
  builder.startObject(8);
  builder.addFieldStruct(0, struct(builder, ID), 0);
  builder.addFieldOffset(2, vector, 0);
  builder.addFieldOffset(4, message, 0);
  builder.finish(builder.endObject(), "Ichk");
  return builder.asUint8Array();
}

/** A manifest file of an array, and the box of the chunk grid that it covers. */
export interface Covering {
  /** Number that its id is made of. */
  readonly number: number;
  /** `[from, to)` a dimension. */
  readonly extents: ReadonlyArray<readonly [from: number, to: number]>;
  /** Bytes of the file. */
  readonly bytes: number;
}

/** The id of the manifest of a number. */
export function manifestIdOf(number: number): Uint8Array {
  return Uint8Array.from({ length: 12 }, (_, i) => i === 0 ? number + 1 : i);
}

/** The FlatBuffer of a snapshot with one array, `/a`, whose node id is all zeros. */
export function arraySnapshot(zarrJson: unknown, manifests: readonly Covering[]): Uint8Array {
  const builder = new Builder(1024);
  const refs = manifests.map(({ number, extents }) => {
    builder.startVector(8, extents.length, 4);
    for (const [from, to] of extents.toReversed()) {
      builder.addInt32(to);
      builder.addInt32(from);
    }
    const vector = builder.endVector();
    builder.startObject(2);
    builder.addFieldStruct(0, struct(builder, manifestIdOf(number)), 0);
    builder.addFieldOffset(1, vector, 0);
    return builder.endObject();
  });
  const manifestRefs = tables(builder, refs);
  builder.startObject(4);
  builder.addFieldOffset(2, manifestRefs, 0);
  const data = builder.endObject();
  const path = builder.createString("/a");
  const json = new TextEncoder().encode(JSON.stringify(zarrJson));
  const userData = bytesVector(builder, json);
  builder.startObject(5);
  builder.addFieldStruct(0, struct(builder, new Uint8Array(8)), 0);
  builder.addFieldOffset(1, path, 0);
  builder.addFieldOffset(2, userData, 0);
  builder.addFieldInt8(3, 1, 0);
  builder.addFieldOffset(4, data, 0);
  const node = builder.endObject();
  const nodes = tables(builder, [node]);
  const files = tables(
    builder,
    manifests.map(({ number, bytes }) => {
      builder.startObject(3);
      builder.addFieldStruct(0, struct(builder, manifestIdOf(number)), 0);
      builder.addFieldInt64(1, BigInt(bytes), 0n);
      return builder.endObject();
    }),
  );
  const message = builder.createString("made");
  builder.startObject(8);
  builder.addFieldStruct(0, struct(builder, ID), 0);
  builder.addFieldOffset(2, nodes, 0);
  builder.addFieldOffset(4, message, 0);
  builder.addFieldOffset(7, files, 0);
  builder.finish(builder.endObject(), "Ichk");
  return builder.asUint8Array();
}

/** The FlatBuffer of a repo file with `count` deleted tags that are all the same text. */
export function repoOfDeletedTags(text: string, count: number): Uint8Array {
  const builder = new Builder(1024);
  const tag = builder.createString(text);
  const deleted = tables(builder, new Array(count).fill(tag));
  const none = tables(builder, []);
  builder.startObject(6);
  for (const field of [1, 2, 4]) builder.addFieldOffset(field, none, 0);
  builder.addFieldOffset(3, deleted, 0);
  builder.finish(builder.endObject(), "Ichk");
  return builder.asUint8Array();
}
