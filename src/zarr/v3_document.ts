/** A `zarr.json` document, read. */
import type { ArrayMetadata, GroupMetadata } from "./metadata.ts";

/** The `zarr.json` of the node at `path` (for messages). @throws IndexError */
export function parseZarrJson(_bytes: Uint8Array, _path = ""): ArrayMetadata | GroupMetadata {
  throw new TypeError("being written");
}
