/** Chunks in a version 1 B-tree. Source: HDF5 File Format Specification III.A.1, nodes of type 1. */

import { IndexError } from "../../../src/errors.ts";
import type { ChunkIndex, ChunkIndexSource, StoredChunk } from "./source.ts";

const MAX_DEPTH = 32;

interface Node {
  readonly level: number;
  readonly keys: readonly Key[];
}

interface Key {
  readonly bytes: number;
  readonly filterMask: number;
  readonly coords: readonly number[];
  readonly child: number;
}

/** The index whose root is at `source.address`. */
export function btreeV1Index(source: ChunkIndexSource): ChunkIndex {
  const { address } = source;

  const chunkOf = ({ bytes, filterMask, coords, child }: Key): StoredChunk => ({
    coords,
    address: child,
    bytes,
    filterMask,
  });

  async function find(coords: readonly number[]): Promise<StoredChunk | undefined> {
    let at = address;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const { level, keys } = await readNode(source, at);
      let low = 0;
      let high = keys.length;
      while (low < high) { // the last key that is not behind what is looked for
        const middle = (low + high) >> 1;
        if (compare(keys[middle].coords, coords) <= 0) low = middle + 1;
        else high = middle;
      }
      if (low === 0) return undefined;
      const key = keys[low - 1];
      if (level === 0) return compare(key.coords, coords) === 0 ? chunkOf(key) : undefined;
      at = key.child;
    }
    throw new IndexError("A dataset's B-tree has no end");
  }

  async function* walk(at: number, depth: number, seen: Set<number>): AsyncGenerator<StoredChunk> {
    if (depth > MAX_DEPTH || seen.has(at)) throw new IndexError("A dataset's B-tree has no end");
    seen.add(at);
    const { level, keys } = await readNode(source, at);
    for (const key of keys) {
      if (level === 0) yield chunkOf(key);
      else yield* walk(key.child, depth + 1, seen);
    }
  }

  return { find, all: () => walk(address, 0, new Set()) };
}

async function readNode({ file, layout }: ChunkIndexSource, address: number): Promise<Node> {
  const { offsets } = file.sizes;
  const { chunkShape } = layout;
  const head = (await file.at(address, 8 + 2 * offsets)).signature("TREE");
  if (head.u8() !== 1) throw new IndexError("A dataset's B-tree is of another kind");
  const level = head.u8();
  const used = head.u16();
  const keyBytes = 8 + 8 * (chunkShape.length + 1);
  const bytes = 8 + 2 * offsets + used * (keyBytes + offsets);
  const cursor = (await file.at(address, bytes)).skip(8 + 2 * offsets);
  const keys = Array.from({ length: used }, () => {
    const stored = cursor.u32();
    const filterMask = cursor.u32();
    const coords = chunkShape.map((length) => {
      const element = cursor.uint(8);
      if (element % length !== 0) throw new IndexError("A chunk does not stand in the chunk grid");
      return element / length;
    });
    cursor.skip(8); // the element's own dimension
    const child = cursor.address();
    if (child === undefined) throw new IndexError("A dataset's B-tree leads nowhere");
    return { bytes: stored, filterMask, coords, child };
  });
  return { level, keys };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return 0;
}
