/** Fetches a sample of an index's chunks and says what is unreachable, stale or undecodable. */

import { deliver } from "../chunk/delivery.ts";
import { type ChunkRef, filesOf } from "../chunk/ref.ts";
import { collectRope } from "../chunk/rope.ts";
import { locate } from "../chunk/stored.ts";
import { SluiceError } from "../errors.ts";
import { Timing } from "../http/server_timing.ts";
import type { Origin } from "../origin/origin.ts";
import type { ArrayView } from "../chunk/array_view.ts";
import type { Store } from "../catalog/store.ts";
import { decodeChunk } from "../chunk/decode_chunk.ts";
import { explain } from "./explain.ts";

export interface CheckProblem {
  readonly array: string;
  readonly coords: readonly number[];
  readonly code: string;
  /** What is wrong, and what to do about it, for people. */
  readonly detail: string;
  /** URL of the file that the chunk is in; undefined for what is wrong with the index itself. */
  readonly file?: string;
  /** The prefix that the catalog would have to name for the reference to be read. */
  readonly allowWith?: string;
}

export interface CheckReport {
  readonly checked: number;
  /** Those of them that could not be had, in the order in which they were fetched. */
  readonly problems: readonly CheckProblem[];
  /** What in the index may not be what its writer meant. */
  readonly doubts: readonly string[];
}

/**
 * Reads up to `sample` chunks, spread evenly over every array's references, first and last among
 * them, and decodes each as its metadata says.
 *
 * @param progress is told the chunks checked so far
 */
export async function check(
  store: Store,
  origin: Origin,
  sample: number,
  progress: (checked: number) => void = () => {},
): Promise<CheckReport> {
  const problems: CheckProblem[] = [];
  let checked = 0;
  const nodes = await Array.fromAsync(store.descendants(""));
  const root = await store.node("");
  const paths = [...(root?.type === "array" ? [""] : [])];
  paths.push(...nodes.filter(([, node]) => node.type === "array").map(([path]) => path));
  const perArray = Math.max(1, Math.ceil(sample / Math.max(1, paths.length)));
  for (const path of paths) {
    const array = await store.array(path);
    if (!array) continue;
    for (const coords of await sampleCoords(store, array, perArray)) {
      let ref: ChunkRef | undefined;
      try {
        ref = await store.manifest.chunk(array.path, coords);
        if (ref) await checkChunk(array, ref, origin);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        const { allowWith } = error.context;
        const file = ref && filesOf(ref)[0]?.url.href;
        problems.push({
          array: path,
          coords,
          code: error.code,
          detail: explain(error),
          ...(file === undefined ? {} : { file }),
          ...(typeof allowWith === "string" ? { allowWith } : {}),
        });
      }
      progress(++checked);
    }
  }
  return { checked, problems, doubts: await store.manifest.doubts?.() ?? [] };
}

/** The grid coordinates of about `count` stored chunks, evenly spread. */
async function sampleCoords(store: Store, array: ArrayView, count: number): Promise<number[][]> {
  let rows = 0;
  for await (const table of store.manifest.refs(array.path)) rows += table.rows;
  const picks = Math.min(count, rows);
  const wanted = new Set(
    Array.from(
      { length: picks },
      (_, i) => picks === 1 ? 0 : Math.round(i * (rows - 1) / (picks - 1)),
    ),
  );
  const rank = array.layout?.grid.length ?? 0;
  const found: number[][] = [];
  let start = 0;
  for await (const table of store.manifest.refs(array.path)) {
    for (const index of wanted) {
      const row = index - start;
      if (row < 0 || row >= table.rows) continue;
      found.push([...table.coords.subarray(row * rank, (row + 1) * rank)]);
    }
    start += table.rows;
  }
  return found;
}

async function checkChunk(array: ArrayView, ref: ChunkRef, origin: Origin): Promise<void> {
  const { signal } = new AbortController();
  const timing = new Timing();
  const { rope } = await locate(ref, { origin, signal, timing, objects: "stream" });
  const bytes = await collectRope(rope, ({ file, ...range }) => origin.read(file, range));
  const { encoding = 0 } = ref;
  const within = ref.kind === "range" ? ref.within : undefined;
  const delivery = deliver(array.plans[encoding], bytes.length, within);
  const { offset, length } = delivery.stored;
  if (encoding === 0 && !within) await decodeChunk(array.native, bytes);
  else if (delivery.kind === "convert") {
    await delivery.convert(bytes.subarray(offset, offset + length));
  }
}
