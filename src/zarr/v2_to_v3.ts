/** Zarr v2 metadata as Zarr v3 metadata. */
import type { JsonObject } from "./json.ts";
import type { ArrayMetadata, GroupMetadata } from "./metadata.ts";

/** An array in Zarr v3 terms, and why it has no faithful form there. */
export interface TranslatedArray {
  readonly metadata: ArrayMetadata;
  readonly unsupported?: string;
}

/** `.zarray` and `.zattrs` of the array at `path` (for messages) in v3 terms. @throws IndexError */
export function arrayFromV2(_z: JsonObject, _a: JsonObject = {}, _path = ""): TranslatedArray {
  throw new TypeError("being written");
}

/** `.zattrs` of a group in v3 terms. */
export function groupFromV2(attributes: JsonObject = {}): GroupMetadata {
  return { zarr_format: 3, node_type: "group", attributes };
}
