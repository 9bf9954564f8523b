/** Zarr v3 metadata as Zarr v2 metadata. */
import type { JsonObject } from "./json.ts";
import type { ArrayMetadata } from "./metadata.ts";

/** The documents of a v2 array. */
export interface V2Array {
  readonly zarray: JsonObject;
  readonly zattrs: JsonObject;
}

/** Portable v3 metadata as v2 documents; undefined if v2 cannot say it. */
export function arrayToV2(_metadata: ArrayMetadata): V2Array | undefined {
  throw new TypeError("being written");
}
