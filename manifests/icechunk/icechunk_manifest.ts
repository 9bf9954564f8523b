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
import { whileWanted } from "../while_wanted.ts";
import { type ArrayRefs, REF_KIND } from "./array_refs.ts";
import {
  covers,
  entryBytes,
  manifestId,
  manifestsOf,
  type NodeEntry,
  nodeEntry,
} from "./array_entry.ts";
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

/** Rows of a `ChunkTable`. */
const TABLE_ROWS = 65_536;
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

  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const entry = await this.#entry(path);
    if (entry?.type !== "array" || !entry.grid) return;
    const { manifests, grid } = entry;
    for (let place = 0; place < manifests.count; place++) {
      const info = await this.#manifestInfo(manifestId(manifests, place));
      const file = await this.#repository.manifest(info);
      const refs = file.arrays.get(entry.id);
      if (!refs || refs.rows === 0) continue;
      if (
        refs.rank !== grid.length || (manifests.stride !== 0 && manifests.stride !== 2 * refs.rank)
      ) {
        throw new IndexError("A manifest has another number of dimensions", { path });
      }
      const { extents, stride } = manifests;
      const visible = (coords: number[]) =>
        inGrid(coords, grid) && covers(extents, place * stride, stride, coords);
      for (let from = 0; from < refs.rows; from += TABLE_ROWS) {
        const table = await this.#table(file, refs, from, visible);
        if (table.rows > 0) yield table;
      }
    }
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

  async #table(
    file: ManifestFile,
    refs: ArrayRefs,
    from: number,
    visible: (coords: number[]) => boolean,
  ): Promise<ChunkTable> {
    const { rank } = refs;
    const most = Math.min(TABLE_ROWS, refs.rows - from);
    const sources = new Uint32Array(most);
    const coords = new Uint32Array(most * rank);
    const kinds = new Uint8Array(most);
    const urls: string[] = [];
    const urlIds = new Uint32Array(most);
    const offsets = new Float64Array(most);
    const lengths = new Float64Array(most);
    const idByPayload = new Map<number, number>();
    let rows = 0;
    for (let row = from; row < from + most; row++) {
      const at = Array.from({ length: rank }, (_, i) => refs.coordinate(row, i));
      if (!visible(at)) continue;
      const address = chunkAddress(file, refs, row, undefined);
      if (!address) continue;
      if (address.kind === "inline") {
        kinds[rows] = ROW_KIND.inline;
        lengths[rows] = address.bytes.length;
      } else {
        const payload = refs.payload.get(row);
        let id = idByPayload.get(payload);
        if (id === undefined) {
          id = urls.push((await this.#url(file, refs, row))!.href) - 1;
          idByPayload.set(payload, id);
        }
        urlIds[rows] = id;
        offsets[rows] = refs.offset.get(row);
        lengths[rows] = refs.length.get(row);
      }
      coords.set(at, rows * rank);
      sources[rows++] = row;
    }
    return {
      rows,
      coords: coords.subarray(0, rows * rank),
      kinds: kinds.subarray(0, rows),
      urls,
      urlIds: urlIds.subarray(0, rows),
      offsets: offsets.subarray(0, rows),
      lengths: lengths.subarray(0, rows),
      validator: (i) => rowValidator(file, refs, sources[i]),
      inline: (i) => file.payloads.get(refs.payload.get(sources[i])),
    };
  }
}

function inGrid(coords: readonly number[], grid: readonly number[]): boolean {
  if (coords.length !== grid.length) return false;
  for (let i = 0; i < grid.length; i++) {
    const coord = coords[i];
    if (!(Number.isInteger(coord) && coord >= 0 && coord < grid[i])) return false;
  }
  return true;
}
