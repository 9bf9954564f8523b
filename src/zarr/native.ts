/** The native view: Zarr v3 in the source's own codecs, its bytes untouched. */

import type { Descendant } from "./consolidated.ts";
import type { Node } from "./node.ts";
import { zarrJson } from "./portable.ts";

const encoder = new TextEncoder();

/** A node's `zarr.json`: that of a v3 source as it is. @param below what is below a group */
export function nativeDocument(node: Node, below: Iterable<Descendant>): Uint8Array<ArrayBuffer> {
  return node.source?.zarrFormat === 3
    ? node.source.zarrJson as Uint8Array<ArrayBuffer>
    : encoder.encode(zarrJson(node.metadata, below));
}
