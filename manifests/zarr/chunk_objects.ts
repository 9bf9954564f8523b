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
import { childPath } from "../document_hierarchy.ts";
import { urlBelow } from "../folder_url.ts";
import type { ZarrDocuments } from "./documents.ts";

/** Rows of a full table of {@link Manifest.refs}. */
const TABLE_ROWS = 65_536;

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
    const coords = new Uint32Array(layout.grid.length);
    const ordinals = listed ? listed : range(layout.chunks);
    let table = new ObjectTable(layout);
    for (const ordinal of ordinals) {
      writeCoords(layout, ordinal, coords, 0);
      table.add(coords, this.#chunkUrl(path, layout, [...coords]).href);
      if (table.rows < TABLE_ROWS) continue;
      yield table.finish();
      table = new ObjectTable(layout);
    }
    if (table.rows > 0) yield table.finish();
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

/** Rows of whole objects. */
class ObjectTable {
  rows = 0;
  readonly #coords: number[] = [];
  readonly #urls: string[] = [];

  constructor(readonly layout: ChunkLayout) {}

  add(coords: Uint32Array, href: string): void {
    this.rows++;
    this.#coords.push(...coords);
    this.#urls.push(href);
  }

  finish(): ChunkTable {
    const { rows } = this;
    return {
      rows,
      coords: Uint32Array.from(this.#coords),
      kinds: new Uint8Array(rows).fill(ROW_KIND.object),
      urls: this.#urls,
      urlIds: Uint32Array.from({ length: rows }, (_, row) => row),
      offsets: new Float64Array(rows),
      lengths: new Float64Array(rows),
    };
  }
}

function segmentsOf(path: string): string[] {
  return path === "" ? [] : path.split("/");
}

function* range(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}
