/** The nodes of a hierarchy as one view shows them. */

import type { ArrayView } from "../chunk/array_view.ts";
import { IndexError } from "../errors.ts";
import type { GroupNode, Manifest } from "../manifest.ts";
import type { View } from "../zarr/view.ts";

export type NodeView = GroupNode | ArrayView;

/** A node that its own index says cannot be. */
export interface MalformedNode {
  readonly type: "malformed";
  readonly fault: IndexError;
}

/** A node by its path below the root. */
export type Child = readonly [path: string, node: NodeView | MalformedNode];

export interface NodeViews {
  readonly manifest: Manifest;
  readonly view: View;
  /** The node at `path`; undefined if there is none. @throws IndexError */
  node(path: string): Promise<NodeView | undefined>;
  /** Every node below `path`, without itself, parents before children. */
  descendants(path: string): AsyncIterable<Child>;
}

/** What a look-up gives; where the index says what cannot be, its fault. Other faults are thrown. */
export function orMalformed<T>(looked: Promise<T>): Promise<T | MalformedNode> {
  return looked.catch((fault) => {
    if (fault instanceof IndexError && fault.code === "index-invalid") {
      return { type: "malformed", fault };
    }
    throw fault;
  });
}
