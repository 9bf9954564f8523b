/** An opened TIFF file: its directories in memory, its tables of tiles read where a tile is looked for. */

import type { ChunkTable, Manifest, Node, OpenOptions } from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { BlockReader, type ReadCost } from "../../src/origin/share/block_reader.ts";
import { chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { childPath } from "../node_tree.ts";
import { VersionHash } from "../index_stream.ts";
import { ChunkTableBuilder } from "../references/chunk_table_builder.ts";
import { FIRST_URL_ID, INLINE_ID } from "../references/packed_references.ts";
import {
  GRID_MAPPING,
  groupAttributes,
  hasCoordinates,
  isPlaced,
  mappingAttributes,
  placeAttributes,
  valueAttributes,
} from "./attributes.ts";
import { coordinate, type MadeArray, scalar } from "./coordinates.ts";
import { GEO_KEY, keyNumber } from "./geo_keys.ts";
import { type Level, type Page, readPages } from "./pages.ts";
import { type Raster, rasterOf } from "./raster.ts";
import { readDirectories } from "./tiff_file.ts";

const NOTHING = new Uint8Array(0);

/** What it took to open a file. */
export interface OpenCost extends ReadCost {
  /** Between the first request and the last answer. */
  readonly milliseconds: number;
}

/** One file in one state. */
export class GeoTiffManifest implements Manifest {
  readonly pinned = false;
  readonly #levels: ReadonlyMap<string, Level>;
  readonly #arrays = new Map<string, Raster | MadeArray>();

  private constructor(
    readonly origin: Origin,
    readonly options: OpenOptions,
    readonly reader: BlockReader,
    readonly pages: readonly Page[],
    readonly version: string,
    readonly cost: OpenCost,
  ) {
    this.#levels = new Map(
      pages.flatMap(({ levels }) => [...levels, ...fullSize(levels)])
        .map((level) => [level.path, level]),
    );
  }

  /** Reads the file's directories. @throws IndexError, OriginError */
  static async open(url: URL, origin: Origin, options: OpenOptions): Promise<GeoTiffManifest> {
    const start = performance.now();
    const reader = await BlockReader.open(origin, { url }, options.cache);
    const pages = readPages(await readDirectories(reader));
    const cost = { ...reader.cost, milliseconds: performance.now() - start };
    const version = new VersionHash().update(new TextEncoder().encode(reader.key)).digest();
    return new GeoTiffManifest(origin, options, reader, pages, version, cost);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async node(path: string): Promise<Node | undefined> {
    const level = this.#levels.get(path);
    if (level) {
      const attributes = groupAttributes(level);
      return { type: "group", metadata: { zarr_format: 3, node_type: "group", attributes } };
    }
    return this.#array(path)?.node;
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async children(path: string): Promise<string[]> {
    const level = this.#levels.get(path);
    if (!level) return [];
    const inside = path === "" ? "" : `${path}/`;
    const groups = [...this.#levels.keys()]
      .filter((each) => each !== path && each.startsWith(inside))
      .map((each) => each.slice(inside.length))
      .filter((name) => name !== "" && !name.includes("/"));
    return [...groups, ...arrayNames(level)].sort();
  }

  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const array = this.#array(path);
    if (!array || chunkOrdinal(array.node.layout!, coords) === undefined) return undefined;
    if ("bytes" in array) return { kind: "inline", bytes: array.bytes(coords) };
    return await array.chunk(array.tileAt(coords));
  }

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const array = this.#array(path);
    if (!array) return;
    const { layout } = array.node;
    const tables = new ChunkTableBuilder(layout!, () => this.reader.file.url.href);
    if ("bytes" in array) {
      for (let i = 0; i < layout!.chunks; i++) {
        const bytes = array.bytes([i]);
        tables.add(i, { id: INLINE_ID, offset: 0, length: bytes.length });
        yield tables.take(bytes);
      }
      return;
    }
    // A file's tiles are numbered as the chunks of its array are.
    for await (const { first, places } of array.tiles()) {
      for (let i = 0; i < places.length; i++) {
        const place = places[i];
        if (!place) continue;
        tables.add(first + i, { id: FIRST_URL_ID, ...place });
        if (tables.isFull) yield tables.take(NOTHING);
      }
    }
    if (tables.rows > 0) yield tables.take(NOTHING);
  }

  async refresh(): Promise<Manifest> {
    if (await this.reader.isCurrent()) return this;
    return await GeoTiffManifest.open(this.reader.file.url, this.origin, this.options);
  }

  report(): Promise<Array<[label: string, text: string]>> {
    const { requests, bytes, milliseconds } = this.cost;
    const cost = `${requests} requests, ${bytes} bytes, ${milliseconds.toFixed(0)} ms`;
    return Promise.resolve([["read to open", cost]]);
  }

  #array(path: string): Raster | MadeArray | undefined {
    const kept = this.#arrays.get(path);
    if (kept) return kept;
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const level = this.#levels.get(path.slice(0, Math.max(0, slash)));
    if (!level || !arrayNames(level).includes(name)) return undefined;
    const array = this.#make(level, name);
    if (this.#arrays.size < MAX_KEPT_ARRAYS) this.#arrays.set(path, array);
    return array;
  }

  #make(level: Level, name: string): Raster | MadeArray {
    const { affine, image, mask, page } = level;
    const source = { bytes: this.reader, file: this.reader.file };
    const isGeographic = keyNumber(page.keys, GEO_KEY.modelType) === 2;
    const standard = (geographic: string, projected: string) => ({
      standard_name: isGeographic ? geographic : projected,
      ...(isGeographic && { units: name === "x" ? "degrees_east" : "degrees_north" }),
    });
    switch (name) {
      case "data": {
        const attributes = { ...valueAttributes(page, image.samples), ...placeAttributes(level) };
        return rasterOf(image, source, page.nodata, attributes);
      }
      case "mask":
        return rasterOf(mask!, source, undefined, placeAttributes(level), mask!.bits < 8 ? 255 : 1);
      case "x":
        return coordinate(
          "x",
          image.width,
          "float64",
          { axis: "X", ...standard("longitude", "projection_x_coordinate") },
          (column) => affine![2] + (column + 0.5) * affine![0],
        );
      case "y":
        return coordinate(
          "y",
          image.height,
          "float64",
          { axis: "Y", ...standard("latitude", "projection_y_coordinate") },
          (row) => affine![5] + (row + 0.5) * affine![4],
        );
      case "band":
        return coordinate("band", image.samples, "int64", {}, (band) => band + 1);
      default:
        return scalar(mappingAttributes(level));
    }
  }
}

/** The full size again as a group beside the overviews', where clients look for `<asset>/<variable>`. */
function fullSize([full, ...overviews]: readonly Level[]): Level[] {
  return overviews.length === 0 ? [] : [{ ...full, path: childPath(full.path, "0") }];
}

/** Arrays that are kept once they were asked for. */
const MAX_KEPT_ARRAYS = 256;

function arrayNames(level: Level): string[] {
  return [
    "data",
    ...(level.mask ? ["mask"] : []),
    ...(level.image.samples > 1 ? ["band"] : []),
    ...(hasCoordinates(level) ? ["x", "y"] : []),
    ...(isPlaced(level) ? [GRID_MAPPING] : []),
  ];
}
