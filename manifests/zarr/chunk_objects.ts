/**
 * The chunks of a plain Zarr store: whole objects, at the places that their keys tell.
 * Source: Zarr v2 specification, "Storage"; Zarr v3 core, "Stored chunks".
 */

import { type ChunkTable, type Manifest, type Node, ROW_KIND } from "../../src/manifest.ts";
import { type ChunkRef } from "../../src/chunk/ref.ts";
import {
  chunkKey,
  type ChunkLayout,
  chunkOrdinal,
  parseChunkKey,
  writeCoords,
} from "../../src/zarr/chunk_grid.ts";
import { childPath } from "../node_tree.ts";
import { urlBelow } from "../folder_url.ts";
import { ChunkTableColumns } from "../references/chunk_table_columns.ts";
import { Turn } from "../slices.ts";
import type { ZarrDocuments } from "./documents.ts";

/** What a store is, however its metadata is found. */
export abstract class ZarrStore implements Manifest {
  /** Anything may be written into it. */
  readonly pinned = false;
  /** It is its own index. */
  readonly absentObjects = true;
  /** A hash of the metadata documents that are known. */
  abstract readonly version: string;

  /** The store in the folder that `documents` reads. */
  constructor(readonly documents: ZarrDocuments) {}

  /** As {@link Manifest.node}. */
  abstract node(path: string): Promise<Node | undefined>;
  /** As {@link Manifest.children}. */
  abstract children(path: string): Promise<string[]>;
  /** As {@link Manifest.refresh}. */
  abstract refresh(): Promise<Manifest>;
  /** The chunk layout of the array at `path`; undefined if there is no array. @throws IndexError */
  protected abstract layout(path: string): Promise<ChunkLayout | undefined>;

  /** The object that a chunk would be; whether it exists only the origin knows. */
  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const layout = await this.layout(path);
    if (!layout || chunkOrdinal(layout, coords) === undefined) return undefined;
    return { kind: "object", file: { url: this.#chunkUrl(path, layout, coords) } };
  }

  /** The chunks that a listing shows; where nothing can be listed, all that there may be. */
  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const layout = await this.layout(path);
    if (!layout) return;
    const listed = await this.#list(path, layout);
    const turn = new Turn();
    const rank = layout.grid.length;
    const tables = new ChunkTableColumns(rank);
    for (const ordinal of listed ?? range(layout.chunks)) {
      const at = tables.rows * rank;
      writeCoords(layout, ordinal, tables.coords, at);
      const coords = [...tables.coords.subarray(at, at + rank)];
      tables.addUrl(ordinal, this.#chunkUrl(path, layout, coords).href);
      tables.add(ROW_KIND.object, ordinal, 0, 0, 0);
      if (turn.isOver) await turn.pass();
      if (tables.isFull) yield tables.take();
    }
    if (tables.rows > 0) yield tables.take();
  }

  #chunkUrl(path: string, layout: ChunkLayout, coords: readonly number[]): URL {
    return urlBelow(this.documents.root, segmentsOf(path), chunkKey(layout, coords));
  }

  /** The ordinals of the stored chunks, ascending; undefined where nothing can be listed. */
  async #list(path: string, layout: ChunkLayout): Promise<number[] | undefined> {
    const { origin, root } = this.documents;
    const found: number[] = [];
    const pending = [""];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      const url = urlBelow(root, [...segmentsOf(path), ...segmentsOf(folder)], "");
      const entries = await origin.list?.({ url });
      if (!entries) return undefined;
      for (const { name, kind } of entries) {
        const key = childPath(folder, name);
        if (kind === "folder") {
          // deeper than the chunk keys go there are none
          if (key.split("/").length <= layout.grid.length) pending.push(key);
          continue;
        }
        const coords = parseChunkKey(layout, key);
        const ordinal = coords && chunkOrdinal(layout, coords);
        if (ordinal !== undefined) found.push(ordinal);
      }
    }
    return found.sort((a, b) => a - b);
  }
}

function segmentsOf(path: string): string[] {
  return path === "" ? [] : path.split("/");
}

function* range(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}
