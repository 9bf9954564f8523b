/** The catalog at work: from a dataset's id to its opened index, each looked at again after its time. */

import type { ByteCache } from "../byte_cache.ts";
import type { CatalogConfig, DatasetConfig } from "./catalog_file.ts";
import { RangeTags } from "../http/entity_tag.ts";
import { SluiceError } from "../errors.ts";
import type { Manifest, OpenOptions } from "../manifest.ts";
import { PrefixSet } from "../origin/allow_list.ts";
import type { Origin } from "../origin/origin.ts";
import { Store } from "./store.ts";
import type { View } from "../zarr/view.ts";

/** Opens an index, its format sniffed or named: `manifests/mod.ts`. */
export type OpenManifest = (
  url: URL,
  origin: Origin,
  options: OpenOptions & { readonly format?: string },
) => Promise<Manifest>;

/** What the datasets of a catalog are made with. */
export interface CatalogParts {
  /** Opens a dataset's index. */
  readonly openManifest: OpenManifest;
  /** Makes the origin of a dataset from the prefixes it may reach. */
  readonly originFor: (allow: readonly string[]) => Origin;
  /** Where all datasets keep what they read of their indexes. */
  readonly cache: ByteCache;
  /** True if requests may wait for each other's work; not in a Worker. */
  readonly shared?: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

interface Opened {
  readonly manifest: Manifest;
  /** When the index was last looked at, in milliseconds. */
  checked: number;
}

/** Bytes that an opened manifest is weighed with beside what it says that it holds. */
const MANIFEST_BYTES = 16_384;

/** One dataset: an index, opened when a key needs it, and the origin its references are read from. */
export class Dataset {
  /** What the index and its references are read through: the allowed prefixes, nothing else. */
  readonly origin: Origin;
  readonly #allowed: PrefixSet;
  /** The entity tags of its chunks. */
  readonly tags = new RangeTags();
  /** Conversions of its chunks that are under way. */
  readonly conversions: Map<string, Promise<Uint8Array>> | undefined;
  readonly #parts: CatalogParts;
  readonly #checking = new Map<string, Promise<Opened>>();
  /** The views of each opened index that is still in use. */
  readonly #stores = new WeakMap<Manifest, Map<View, Store>>();

  /** Opens nothing yet. @param url where the index is, absolute */
  constructor(
    readonly id: string,
    readonly config: DatasetConfig,
    readonly url: URL,
    parts: CatalogParts,
  ) {
    this.#parts = parts;
    this.conversions = parts.shared ? new Map() : undefined;
    const whole = url.href.replace(/\/$/, "");
    const allow = [...config.origins, whole, `${whole}/`];
    this.#allowed = new PrefixSet(allow);
    this.origin = parts.originFor(allow);
  }

  /** Whether its references may lead to what lies below a URL prefix. */
  allows(prefix: string): boolean {
    return URL.canParse(prefix) && this.#allowed.has(new URL(prefix));
  }

  /** A view of the index as it is now, or of one version of it. @throws SluiceError */
  async store(version: string | undefined, view: View): Promise<Store> {
    const manifest = await this.manifest(version);
    let stores = this.#stores.get(manifest);
    if (!stores) this.#stores.set(manifest, stores = new Map());
    let store = stores.get(view);
    if (!store) stores.set(view, store = new Store(manifest, view, this.#parts.cache, this.id));
    return store;
  }

  /** The opened index, looked at again once `maxAge` seconds have passed. @throws SluiceError */
  async manifest(version?: string): Promise<Manifest> {
    const { cache, now = Date.now } = this.#parts;
    const key = `manifest\n${this.id}\n${version ?? ""}`;
    const kept = cache.peek<Opened>(key);
    if (kept) {
      const fresh = kept.manifest.pinned || now() - kept.checked < this.config.maxAge * 1000;
      if (fresh) return kept.manifest;
    }
    // One look at a time, however many requests find the index due; a failed one is not remembered.
    let checking = this.#checking.get(key);
    if (!checking) {
      checking = this.#check(key, kept, version).finally(() => this.#checking.delete(key));
      this.#checking.set(key, checking);
    }
    return (await checking).manifest;
  }

  async #check(key: string, kept: Opened | undefined, version?: string): Promise<Opened> {
    const { cache, openManifest, now = Date.now } = this.#parts;
    const checked = now();
    const manifest = kept ? await kept.manifest.refresh() : await openManifest(
      this.url,
      this.origin,
      {
        cache,
        maxIndexBytes: cache.maxBytes,
        format: this.config.format,
        version,
        branch: this.config.branch,
      },
    );
    const opened = { manifest, checked };
    cache.set(key, opened, MANIFEST_BYTES + (manifest.heldBytes ?? 0));
    return opened;
  }
}

/** The datasets by id. */
export class Catalog {
  /** By id, as the file has them. */
  readonly datasets: ReadonlyMap<string, Dataset>;

  /** Opens nothing yet. @param base what relative URLs and paths of the file are relative to */
  constructor(config: CatalogConfig, base: URL, parts: CatalogParts) {
    this.datasets = new Map(
      Object.entries(config.datasets).map(([id, dataset]) => {
        const origins = dataset.origins.map((prefix) => new URL(prefix, base).href);
        const url = new URL(dataset.url, base);
        return [id, new Dataset(id, { ...dataset, origins }, url, parts)];
      }),
    );
  }

  /** The dataset with that id. @throws SluiceError `not-found` */
  get(id: string): Dataset {
    const dataset = this.datasets.get(id);
    if (!dataset) throw new SluiceError("not-found", `There is no dataset "${id}"`);
    return dataset;
  }
}
