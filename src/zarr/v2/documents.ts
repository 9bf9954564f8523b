/** The v2 view: the documents of a v2 source as they are, those of a v3 source written in v2. */

import { stringifyJson } from "../../json.ts";
import type { ArrayMetadata } from "../metadata.ts";
import type { Node } from "../node.ts";
import { arrayToV2, groupToV2 } from "./from_v3.ts";

/** The text of a node's documents by name: `.zarray` or `.zgroup`, and `.zattrs` where there is one. */
export type V2Documents = Readonly<Record<string, string>>;

const decoder = new TextDecoder();

/**
 * The documents of a node; undefined if it has no v2 form.
 *
 * @param portable an array of a v3 source in portable codecs
 */
export function v2Documents(node: Node, portable?: ArrayMetadata): V2Documents | undefined {
  const { source } = node;
  if (source?.zarrFormat === 2) {
    const { document, zattrs } = source;
    // A group that is only implied has no document.
    const main = document ? decoder.decode(document) : '{"zarr_format":2}';
    return {
      [node.type === "array" ? ".zarray" : ".zgroup"]: main,
      ...(zattrs && { ".zattrs": decoder.decode(zattrs) }),
    };
  }
  const written: Readonly<Record<string, unknown>> | undefined = node.type === "group"
    ? groupToV2(node.metadata)
    : portable && arrayToV2(portable) as unknown as Readonly<Record<string, unknown>>;
  return written &&
    Object.fromEntries(
      Object.entries(written).map(([name, value]) => [`.${name}`, stringifyJson(value)]),
    );
}

/**
 * The `.zmetadata` of a group with these nodes, parents before children, itself among them with the path
 * `""`; in pieces. Their documents stand in it as they are: a reader that finds `NaN` in the one and
 * `"NaN"` in the other would mask otherwise.
 */
export function* zmetadata(
  nodes: Iterable<readonly [path: string, documents: V2Documents]>,
): Generator<string> {
  yield '{"zarr_consolidated_format":1,"metadata":{';
  let comma = "";
  for (const [path, documents] of nodes) {
    for (
      const [name, text] of Object.entries({
        ...documents,
        ".zattrs": documents[".zattrs"] ?? "{}",
      })
    ) {
      yield `${comma}${JSON.stringify(path === "" ? name : `${path}/${name}`)}:${text}`;
      comma = ",";
    }
  }
  yield "}}";
}
