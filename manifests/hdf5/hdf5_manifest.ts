/** An opened HDF5 file: its tree in memory, its chunk indexes read down one path for each chunk. */

import { ChunkError, IndexError } from "../../src/errors.ts";
import type { ChunkTable, Manifest, Node, OpenOptions } from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { BlockReader, type ReadCost } from "../../src/origin/share/block_reader.ts";
import { chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { VersionHash } from "../index_stream.ts";
import { ChunkTableBuilder } from "../references/chunk_table_builder.ts";
import { FIRST_URL_ID, INLINE_ID } from "../references/packed_references.ts";
import { repeated } from "../references/repeated.ts";
import type { Hdf5Array } from "./array.ts";
import { HeapValues } from "./attribute_value.ts";
import { openChunkIndex } from "./chunk_index/mod.ts";
import type { ChunkIndex, StoredChunk } from "./chunk_index/source.ts";
import { Hdf5File } from "./file.ts";
import { pageBytes } from "./file_space.ts";
import { type Hierarchy, readHierarchy } from "./hierarchy.ts";
import { contiguousRun } from "./served_grid.ts";
import { decodePointers, readText } from "./text_chunk.ts";

/** Bytes of a filtered chunk that are read here, for the text that it points to. */
const MAX_POINTER_BYTES = 64 * 2 ** 20;
/** Bytes of a page that are read ahead at most. */
const MAX_AHEAD_BYTES = 2 * 2 ** 20;

const NOTHING = new Uint8Array(0);

/** What it took to open a file. */
export interface OpenCost extends ReadCost {
  /** Between the first request and the last answer. */
  readonly milliseconds: number;
}

/** One file in one state. Its tree does not change; what it reads later is kept in the cache. */
export class Hdf5Manifest implements Manifest {
  readonly pinned = false;
  readonly #indexes = new Map<Hdf5Array["dataset"], Promise<ChunkIndex>>();

  private constructor(
    readonly origin: Origin,
    readonly options: OpenOptions,
    readonly reader: BlockReader,
    readonly file: Hdf5File,
    readonly hierarchy: Hierarchy,
    readonly version: string,
    readonly cost: OpenCost,
  ) {}

  /** Reads the headers of all its objects. @throws IndexError, OriginError */
  static async open(url: URL, origin: Origin, options: OpenOptions): Promise<Hdf5Manifest> {
    const start = performance.now();
    const reader = await BlockReader.open(origin, { url }, options.cache);
    const file = await Hdf5File.open(reader);
    await readAhead(file, reader);
    const hierarchy = await readHierarchy(file);
    const cost = { ...reader.cost, milliseconds: performance.now() - start };
    const version = new VersionHash().update(new TextEncoder().encode(reader.key)).digest();
    return new Hdf5Manifest(origin, options, reader, file, hierarchy, version, cost);
  }

  get heldBytes(): number {
    return this.hierarchy.heldBytes;
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async node(path: string): Promise<Node | undefined> {
    const found = this.#find(path);
    return found && ("type" in found ? found : found.node);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async children(path: string): Promise<string[]> {
    return [...this.hierarchy.children.get(path) ?? []];
  }

  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const array = this.#array(path);
    if (!array || chunkOrdinal(array.node.layout!, coords) === undefined) return undefined;
    const { dataset, chunkShape } = array;
    const { layout, space } = dataset;
    mustBeRead(array);
    const place = coords.slice(0, space.shape.length);
    const elements = chunkShape.reduce((product, length) => product * length, 1);
    const unwritten = () => this.#unwritten(array, elements);
    switch (layout.class) {
      case "compact":
        return array.isText
          ? await this.#text(layout.bytes, elements)
          : { kind: "inline", bytes: layout.bytes };
      case "contiguous": {
        if (layout.address === undefined) return unwritten();
        const { offset, length } = contiguousRun(
          space.shape,
          chunkShape,
          dataset.type.size,
          place,
        );
        const range = this.#range(layout.address + offset, length);
        const missing = elements * dataset.type.size - length;
        if (array.isText) {
          const pointers = new Uint8Array(length + missing);
          pointers.set(await this.reader.read(range.offset, length));
          return await this.#text(pointers, elements);
        }
        return missing === 0
          ? range
          // beyond the array's end
          : { kind: "concat", parts: [range, ...repeated(NOTHING, missing)] };
      }
      case "chunked": {
        const index = await this.#index(array);
        const stored = await index.find(place);
        return stored ? await this.#stored(array, stored, elements) : unwritten();
      }
      default:
        return undefined;
    }
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const array = this.#array(path);
    if (!array || array.node.unsupported !== undefined) return;
    const { layout, space } = array.dataset;
    const grid = array.node.layout!;
    const tables = new ChunkTableBuilder(grid, () => this.reader.file.url.href);
    const inner = grid.grid.slice(space.shape.length).map(() => 0);
    const add = async (place: readonly number[], offset: number, length: number) => {
      const ordinal = chunkOrdinal(grid, [...place, ...inner]);
      if (ordinal === undefined) return undefined;
      if (array.isText || layout.class === "compact") {
        const ref = await this.chunk(path, [...place, ...inner]);
        if (ref?.kind !== "inline") return undefined;
        tables.add(ordinal, { id: INLINE_ID, offset: 0, length: ref.bytes.length });
        return tables.take(ref.bytes);
      }
      tables.add(ordinal, { id: FIRST_URL_ID, offset, length });
      return tables.isFull ? tables.take(NOTHING) : undefined;
    };
    for await (const { place, offset, length } of this.#places(array)) {
      const table = await add(place, offset, length);
      if (table) yield table;
    }
    if (tables.rows > 0) yield tables.take(NOTHING);
  }

  async refresh(): Promise<Manifest> {
    if (await this.reader.isCurrent()) return this;
    return await Hdf5Manifest.open(this.reader.file.url, this.origin, this.options);
  }

  report(): Promise<Array<[label: string, text: string]>> {
    const { requests, bytes, milliseconds } = this.cost;
    const cost = `${requests} requests, ${bytes} bytes, ${milliseconds.toFixed(0)} ms`;
    return Promise.resolve([
      ["read to open", cost],
      ...this.hierarchy.refusals.map(({ path, reason }): [string, string] => [
        "not shown",
        `/${path}: ${reason}`,
      ]),
    ]);
  }

  #find(path: string) {
    const found = this.hierarchy.nodes.get(path);
    if (found) return found;
    const { faults } = this.hierarchy;
    if (faults.size === 0) return undefined;
    // What is below a group that cannot be read is not proven absent.
    for (
      let above = path;
      above !== "";
      above = above.slice(0, Math.max(0, above.lastIndexOf("/")))
    ) {
      const fault = faults.get(above);
      if (fault) throw fault;
    }
    return undefined;
  }

  #array(path: string): Hdf5Array | undefined {
    const found = this.#find(path);
    return found && "node" in found ? found : undefined;
  }

  #index({ dataset }: Hdf5Array): Promise<ChunkIndex> {
    const { layout, space } = dataset;
    let index = this.#indexes.get(dataset);
    if (!index && layout.class === "chunked") {
      index = openChunkIndex(this.file, layout, space);
      this.#indexes.set(dataset, index);
      index.catch(() => this.#indexes.delete(dataset));
    }
    return index!;
  }

  async #stored(array: Hdf5Array, chunk: StoredChunk, elements: number): Promise<ChunkRef> {
    const { dataset, chunkShape } = array;
    const { layout, space, filters } = dataset;
    const isPlain = layout.class === "chunked" && layout.plainEdges &&
      chunk.coords.some((at, i) => (at + 1) * chunkShape[i] > space.shape[i]);
    const mask = isPlain ? 2 ** filters.length - 1 : chunk.filterMask;
    const range = this.#range(chunk.address, chunk.bytes);
    if (array.isText) {
      if (range.length > MAX_POINTER_BYTES) throw new IndexError("A chunk of text is too large");
      const applied = filters.filter((_, i) => Math.floor(mask / 2 ** i) % 2 === 0);
      const bytes = await this.reader.read(range.offset, range.length);
      const pointers = await decodePointers(bytes, applied, elements, dataset.type.size);
      return await this.#text(pointers, elements);
    }
    const encoding = array.encodingOf(mask);
    return encoding === 0 ? range : { ...range, encoding };
  }

  async #text(pointers: Uint8Array, elements: number): Promise<ChunkRef> {
    return {
      kind: "inline",
      bytes: await readText(pointers, elements, new HeapValues(this.file)),
    };
  }

  /** A chunk that was never written; undefined if clients know what it holds. */
  #unwritten(array: Hdf5Array, elements: number): ChunkRef | undefined {
    const { unwritten, node } = array;
    if (!unwritten) return undefined;
    const parts = repeated(unwritten, elements * unwritten.length);
    const encoding = (node.encodings?.length ?? 1) - 1;
    const ref: ChunkRef = parts.length === 1 ? parts[0] : { kind: "concat", parts };
    return encoding === 0 ? ref : { ...ref, encoding };
  }

  /** A range of the file. @throws IndexError if it lies outside of it */
  #range(address: number, length: number): Extract<ChunkRef, { kind: "range" }> {
    const offset = this.file.superblock.base + address;
    if (!(length > 0) || offset + length > this.reader.size) {
      throw new IndexError("A chunk lies outside of the file: it is cut short or damaged");
    }
    return { kind: "range", file: this.reader.file, offset, length };
  }

  /** Every stored chunk of an array. */
  async *#places(
    array: Hdf5Array,
  ): AsyncGenerator<{ place: readonly number[]; offset: number; length: number }> {
    const { dataset: { layout, space, type }, chunkShape, node } = array;
    const { base } = this.file.superblock;
    if (layout.class === "chunked") {
      const index = await this.#index(array);
      for await (const { coords, address, bytes } of index.all()) {
        yield { place: coords, offset: base + address, length: bytes };
      }
      return;
    }
    if (layout.class === "virtual") return;
    if (layout.class === "contiguous" && layout.address === undefined) return;
    const start = layout.class === "contiguous" ? base + layout.address! : 0;
    const grid = node.layout!.grid.slice(0, space.shape.length);
    const count = grid.reduce((product, n) => product * n, 1);
    const place = grid.map(() => 0);
    for (let i = 0; i < count; i++) {
      const run = contiguousRun(space.shape, chunkShape, type.size, place);
      yield { place, offset: start + run.offset, length: run.length };
      for (let d = grid.length - 1; d >= 0 && ++place[d] === grid[d]; d--) place[d] = 0;
    }
  }
}

/** Reads the first page of a file that is laid out in pages in one request: its metadata stand there. */
async function readAhead(file: Hdf5File, reader: BlockReader): Promise<void> {
  const page = await pageBytes(file);
  if (page === undefined) return;
  await reader.read(0, Math.min(page, MAX_AHEAD_BYTES, reader.size));
}

/** @throws ChunkError for an array whose bytes are not in this file */
function mustBeRead({ dataset, node }: Hdf5Array): void {
  const { isExternal, layout, space } = dataset;
  if (isExternal || layout.class === "virtual" || space.isNull) {
    throw new ChunkError(`The array cannot be read: ${node.unsupported}`);
  }
}
