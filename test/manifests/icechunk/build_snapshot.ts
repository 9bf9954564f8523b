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
