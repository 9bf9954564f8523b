/** One snapshot of an Icechunk repository as a `Manifest`. */

import { IndexError, OriginError } from "../../src/errors.ts";
import {
  type ChunkTable,
  type ContainerInfo,
  type Manifest,
  type Node,
  ROW_KIND,
  type VersionInfo,
} from "../../src/manifest.ts";
import { type ChunkRef } from "../../src/chunk/ref.ts";
import { ChunkTableColumns, type RowReader } from "../references/chunk_table_columns.ts";
import { Turn } from "../slices.ts";
import { whileWanted } from "../../src/origin/ending.ts";
import { type ArrayRefs, REF_KIND } from "./array_refs.ts";
import {
  compareCoords,
  covers,
  interleaved,
  type ManifestExtents,
  manifestId,
  manifestsOf,
  oneByOne,
} from "./manifest_extents.ts";
import { entryBytes, type NodeEntry, nodeEntry } from "./node_entry.ts";
import { mustFitCache } from "./cache_limit.ts";
import { chunkAddress, locationBytes, nativeChunkId, rowValidator } from "./chunk_address.ts";
import {
  type Container,
  containersByName,
  containersOfConfig,
  containersOfYaml,
  originPrefix,
} from "./containers.ts";
import { type Containers, isRelativeLocation, locationUrl } from "./location.ts";
import type { ManifestFile } from "./manifest_file.ts";
import { report } from "./report.ts";
import type { Repository } from "./repository.ts";
import type { ManifestFileInfo, SnapshotFile } from "./snapshot_file.ts";
import { findAgain, type Version } from "./version.ts";
import { listVersions } from "./version_list.ts";

/** Places of the cache of URLs. */
const URLS = 256;

/**
 * A snapshot. It never changes into another one: {@link refresh} opens a new manifest when the branch
 * has moved, so that one response is made of one snapshot.
 */
export class IcechunkManifest implements Manifest {
  readonly version: string;
  readonly pinned: boolean;
  /** Bytes of the `repo` file. */
  readonly heldBytes: number;
  readonly #repository: Repository;
  #found: Version;
  #containers: Promise<Containers> | undefined;
  /** The URLs of locations looked up lately: neighbouring chunks share a file. */
  readonly #urls = new Array<{ file: ManifestFile; payload: number; url: URL } | undefined>(URLS);

  /** The snapshot that a version's name led to. Nothing more is read yet. */
  constructor(repository: Repository, found: Version) {
    this.#repository = repository;
    this.#found = found;
    this.version = found.snapshot;
    this.pinned = found.kind !== "branch";
    this.heldBytes = found.repo?.bytes ?? 0;
  }

  async node(path: string): Promise<Node | undefined> {
    return (await this.#entry(path))?.node;
  }

  async children(path: string): Promise<string[]> {
    return (await this.#snapshot()).children(path);
  }

  chunk(
    path: string,
    coords: readonly number[],
    signal?: AbortSignal,
  ): Promise<ChunkRef | undefined> {
    return whileWanted(this.#chunk(path, coords), signal);
  }

  async #chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const entry = this.#entryAtHand(path) ?? await this.#entry(path);
    if (entry?.type !== "array" || !entry.grid || !inGrid(coords, entry.grid)) return undefined;
    const { manifests } = entry;
    if (manifests.stride !== 0 && manifests.stride !== 2 * coords.length) {
      throw new IndexError("An array's manifests have another number of dimensions", { path });
    }
    for (const place of manifestsOf(manifests, coords)) {
      const id = manifestId(manifests, place);
      const file = this.#repository.manifestAtHand(id) ??
        await this.#repository.manifestWith(await this.#manifestInfo(id), entry.id, coords);
      const refs = file.arrays.get(entry.id);
      if (!refs || refs.rows === 0) continue;
      if (refs.rank !== coords.length) {
        throw new IndexError("A manifest has another number of dimensions", { path });
      }
      const row = refs.find(coords);
      if (row >= 0) {
        const url = this.#urlAtHand(file, refs, row) ?? await this.#url(file, refs, row);
        return chunkAddress(file, refs, row, url);
      }
    }
    return undefined;
  }

  async *refs(path: string, order: "grid" | "stored" = "stored"): AsyncGenerator<ChunkTable> {
    const entry = await this.#entry(path);
    if (entry?.type !== "array" || !entry.grid) return;
    const { manifests, grid } = entry;
    for (const places of order === "grid" ? interleaved(manifests) : oneByOne(manifests)) {
      const rows: VisibleRows[] = [];
      for (const place of places) {
        const info = await this.#manifestInfo(manifestId(manifests, place));
        const file = await this.#repository.manifest(info);
        const refs = file.arrays.get(entry.id);
        if (!refs || refs.rows === 0) continue;
        const { rank } = refs;
        const { stride } = manifests;
        if (rank !== grid.length || (stride !== 0 && stride !== 2 * rank)) {
          throw new IndexError("A manifest has another number of dimensions", { path });
        }
        rows.push(new VisibleRows(rows.length, file, refs, grid, manifests, place));
      }
      const bytes = rows.reduce((sum, { file }) => sum + file.bytes, 0);
      mustFitCache(`The references of "${path}"`, bytes, this.#repository.options.cache.maxBytes);
      yield* this.#tables(rows, grid.length);
    }
  }

  /** The rows of some manifest files merged into the order of the grid, in which each of them is. */
  async *#tables(all: readonly VisibleRows[], rank: number): AsyncGenerator<ChunkTable> {
    const tables = new ChunkTableColumns(rank);
    const turn = new Turn();
    // A place is the number of the manifest file and that of the row.
    const at = (place: number) => [all[Math.floor(place / 2 ** 32)], place % 2 ** 32] as const;
    const reader: RowReader = {
      inline: (place) => {
        const [{ file, refs }, row] = at(place);
        return file.payloads.get(refs.payload.get(row));
      },
      validator: (place) => {
        const [{ file, refs }, row] = at(place);
        return rowValidator(file, refs, row);
      },
    };
    // The last one is the next one.
    const left = all.filter((rows) => rows.next())
      .sort((a, b) => compareCoords(b.coords, a.coords));
    for (let least = left.pop(); least; least = left.pop()) {
      const { number, file, refs, row } = least;
      const place = number * 2 ** 32 + row;
      const address = chunkAddress(file, refs, row, undefined);
      if (address) tables.coords.set(least.coords, tables.rows * rank);
      if (address?.kind === "inline") {
        tables.add(ROW_KIND.inline, -1, 0, address.bytes.length, place);
      } else if (address) {
        const url = number * 2 ** 32 + refs.payload.get(row);
        if (!tables.hasUrl(url)) tables.addUrl(url, (await this.#url(file, refs, row))!.href);
        tables.add(ROW_KIND.range, url, refs.offset.get(row), refs.length.get(row), place);
      }
      if (least.next()) left.splice(placeOf(least.coords, left), 0, least);
      if (tables.isFull) yield tables.take(reader);
      if (turn.isOver) await turn.pass();
    }
    if (tables.rows > 0) yield tables.take(reader);
  }

  async refresh(): Promise<Manifest> {
    if (this.pinned) return this;
    const found = await findAgain(this.#repository, this.#found);
    if (found === undefined) return this;
    if (found.snapshot !== this.version || found.kind !== this.#found.kind) {
      return new IcechunkManifest(this.#repository, found);
    }
    // The file has changed, this branch has not; what the containers mean may have.
    this.#found = found;
    this.#containers = undefined;
    this.#urls.fill(undefined);
    return this;
  }

  versions(): Promise<VersionInfo[]> {
    return listVersions(this.#repository, this.#found);
  }

  report(): Promise<Array<[label: string, text: string]>> {
    return report(this.#repository, this.#found);
  }

  async containers(): Promise<ContainerInfo[]> {
    return (await this.#containerList()).map((container) => ({
      name: container.name ?? container.urlPrefix,
      prefix: originPrefix(container),
    }));
  }

  #snapshot(): Promise<SnapshotFile> {
    return this.#repository.snapshot(this.version);
  }

  #entryAtHand(path: string): NodeEntry | undefined {
    return this.#repository.atHand(`${this.version}/${path}`);
  }

  async #entry(path: string): Promise<NodeEntry | undefined> {
    const kept = this.#entryAtHand(path);
    if (kept) return kept;
    const found = await (await this.#snapshot()).node(path);
    if (!found) return undefined;
    return await this.#repository.cached(`${this.version}/${path}`, () => {
      const value = nodeEntry(found, path);
      return Promise.resolve({ value, bytes: entryBytes(value) });
    });
  }

  async #manifestInfo(id: string): Promise<ManifestFileInfo> {
    const info = (await this.#snapshot()).manifestFile(id);
    if (!info) throw new IndexError("An array has a manifest that its snapshot lacks", { id });
    return info;
  }

  #urlAtHand(file: ManifestFile, refs: ArrayRefs, row: number): URL | undefined {
    const payload = refs.payload.get(row);
    const kept = this.#urls[payload % URLS];
    return kept?.file === file && kept.payload === payload ? kept.url : undefined;
  }

  /** The URL of a row's file; undefined for an inline one. */
  async #url(file: ManifestFile, refs: ArrayRefs, row: number): Promise<URL | undefined> {
    const kind = refs.kind.get(row);
    if (kind === REF_KIND.inline) return undefined;
    if (kind === REF_KIND.none) throw new IndexError("A reference says nowhere where its chunk is");
    const url = kind === REF_KIND.native
      ? this.#repository.url(`chunks/${nativeChunkId(file, refs, row)}`)
      : await this.#virtualUrl(locationBytes(file, refs, row).slice());
    const payload = refs.payload.get(row);
    this.#urls[payload % URLS] = { file, payload, url };
    return url;
  }

  async #virtualUrl(location: Uint8Array): Promise<URL> {
    return locationUrl(location, isRelativeLocation(location) ? await this.#byName() : new Map());
  }

  #byName(): Promise<Containers> {
    return this.#containers ??= this.#containerList().then(containersByName).catch((error) => {
      this.#containers = undefined;
      throw error;
    });
  }

  async #containerList(): Promise<Container[]> {
    if (this.#found.repo) return containersOfConfig(this.#found.repo.config());
    try {
      const file = await this.#repository.read("config.yaml");
      return containersOfYaml(file!.bytes);
    } catch (error) {
      if (error instanceof OriginError && error.absent) return [];
      throw error;
    }
  }
}

/** The rows of one array in one manifest file that its snapshot shows, one after the other. */
class VisibleRows {
  row = -1;
  readonly coords: number[];

  constructor(
    /** Tells it from others that are merged with it. */
    readonly number: number,
    readonly file: ManifestFile,
    readonly refs: ArrayRefs,
    readonly grid: readonly number[],
    readonly manifests: ManifestExtents,
    readonly place: number,
  ) {
    this.coords = new Array(refs.rank).fill(0);
  }

  /** Goes to the next row; false if there is none. */
  next(): boolean {
    const { refs, coords, grid, manifests: { extents, stride }, place } = this;
    while (++this.row < refs.rows) {
      for (let i = 0; i < coords.length; i++) coords[i] = refs.coordinate(this.row, i);
      if (inGrid(coords, grid) && covers(extents, place * stride, stride, coords)) return true;
    }
    return false;
  }
}

/** Where rows that are at `coords` belong among others in falling order. */
function placeOf(coords: readonly number[], falling: readonly VisibleRows[]): number {
  let [low, high] = [0, falling.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCoords(falling[middle].coords, coords) > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inGrid(coords: readonly number[], grid: readonly number[]): boolean {
  if (coords.length !== grid.length) return false;
  for (let i = 0; i < grid.length; i++) {
    const coord = coords[i];
    if (!(Number.isInteger(coord) && coord >= 0 && coord < grid[i])) return false;
  }
  return true;
}
