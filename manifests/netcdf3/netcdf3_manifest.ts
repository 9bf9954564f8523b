/** An opened NetCDF-3 file: its header in memory, the places of its chunks by arithmetic. */

import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { ChunkTable, Manifest, Node, OpenOptions } from "../../src/manifest.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { BlockReader, type ReadCost } from "../../src/origin/share/block_reader.ts";
import { chunkOrdinal, writeCoords } from "../../src/zarr/chunk_grid.ts";
import { VersionHash } from "../index_stream.ts";
import { overLimit } from "../node_tree.ts";
import { ChunkTableBuilder } from "../references/chunk_table_builder.ts";
import { FIRST_URL_ID } from "../references/packed_references.ts";
import { arrayOf, type Netcdf3Array } from "./array.ts";
import { type Header, parseHeader } from "./header.ts";
import { placesOf } from "./places.ts";

/** Bytes that are read at first. */
const FIRST_BYTES = 64 * 1024;
/** Bytes of a header at most. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
/** Bytes that a variable takes in memory, its text apart. */
const ARRAY_BYTES = 2048;

const NOTHING = new Uint8Array(0);

/** What it took to open a file. */
export interface OpenCost extends ReadCost {
  /** Between the first request and the last answer. */
  readonly milliseconds: number;
}

/** One file in one state. Only its header is read. */
export class Netcdf3Manifest implements Manifest {
  readonly pinned = false;
  readonly version: string;
  readonly heldBytes: number;
  readonly #arrays: ReadonlyMap<string, Netcdf3Array>;
  /** Bytes behind the last whole record. */
  readonly #left: number;

  private constructor(
    readonly origin: Origin,
    readonly options: OpenOptions,
    readonly reader: BlockReader,
    readonly header: Header,
    readonly cost: OpenCost,
  ) {
    this.version = new VersionHash().update(new TextEncoder().encode(reader.key)).digest();
    const { variables, left } = placesOf(header, reader.size);
    this.#arrays = new Map(variables.map((place) => [place.variable.name, arrayOf(place)]));
    this.#left = left;
    this.heldBytes = 8 * header.bytes + ARRAY_BYTES * variables.length;
  }

  /** Reads the file's header. @throws IndexError, OriginError */
  static async open(url: URL, origin: Origin, options: OpenOptions): Promise<Netcdf3Manifest> {
    const start = performance.now();
    const reader = await BlockReader.open(origin, { url }, options.cache);
    const header = await readHeader(reader);
    const cost = { ...reader.cost, milliseconds: performance.now() - start };
    return new Netcdf3Manifest(origin, options, reader, header, cost);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async node(path: string): Promise<Node | undefined> {
    if (path !== "") return this.#arrays.get(path)?.node;
    const { attributes } = this.header;
    return { type: "group", metadata: { zarr_format: 3, node_type: "group", attributes } };
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async children(path: string): Promise<string[]> {
    return path === "" ? [...this.#arrays.keys()].sort() : [];
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const array = this.#arrays.get(path);
    if (!array || chunkOrdinal(array.node.layout!, coords) === undefined) return undefined;
    const range: ChunkRef = { kind: "range", file: this.reader.file, ...array.run(coords) };
    const missing = array.chunkBytes - range.length;
    if (missing === 0) return range;
    // beyond the array's end
    return { kind: "concat", parts: [range, { kind: "inline", bytes: new Uint8Array(missing) }] };
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const array = this.#arrays.get(path);
    if (!array) return;
    const layout = array.node.layout!;
    const tables = new ChunkTableBuilder(layout, () => this.reader.file.url.href);
    const place = new Uint32Array(layout.grid.length);
    for (let i = 0; i < layout.chunks; i++) {
      writeCoords(layout, i, place, 0);
      tables.add(i, { id: FIRST_URL_ID, ...array.run([...place]) });
      if (tables.isFull) yield tables.take(NOTHING);
    }
    if (tables.rows > 0) yield tables.take(NOTHING);
  }

  async refresh(): Promise<Manifest> {
    if (await this.reader.isCurrent()) return this;
    return await Netcdf3Manifest.open(this.reader.file.url, this.origin, this.options);
  }

  doubts(): Promise<string[]> {
    if (this.#left === 0) return Promise.resolve([]);
    return Promise.resolve([
      "The file does not say how many records it has, and ends inside of one: " +
      `the ${this.#left} bytes behind the last whole one are not shown`,
    ]);
  }

  report(): Promise<Array<[label: string, text: string]>> {
    const { requests, bytes, milliseconds } = this.cost;
    const cost = `${requests} requests, ${bytes} bytes, ${milliseconds.toFixed(0)} ms`;
    return Promise.resolve([["read to open", cost]]);
  }
}

/** Reads as much of the file as its header is long, some more each time. */
async function readHeader(reader: BlockReader): Promise<Header> {
  let length = Math.min(FIRST_BYTES, reader.size);
  for (;;) {
    const parsed = parseHeader(await reader.read(0, length), reader.size);
    if (!("need" in parsed)) return parsed;
    if (parsed.need > MAX_HEADER_BYTES) {
      throw overLimit(`The header of the NetCDF-3 file has over ${length} bytes`, MAX_HEADER_BYTES);
    }
    length = Math.min(Math.max(parsed.need, 4 * length), MAX_HEADER_BYTES, reader.size);
  }
}
