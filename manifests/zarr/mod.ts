/**
 * A plain Zarr v2 or v3 store as an index: every chunk is a whole object, at the place that its key
 * tells. Source: Zarr v2 specification, "Storage"; Zarr v3 core, "Stored chunks".
 */

import { IndexError } from "../../src/errors.ts";
import type { Manifest, ManifestFormat, Node } from "../../src/manifest.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import type { ChunkLayout } from "../../src/zarr/chunk_grid.ts";
import { DocumentHierarchy, parseDocument } from "../document_hierarchy.ts";
import { childPath } from "../node_tree.ts";
import { folderUrl, mayBeFolder, urlBelow } from "../folder_url.ts";
import { VersionHash } from "../index_stream.ts";
import { refuseVersion } from "../version_option.ts";
import { isConsolidated, type ReadDocument, ZarrDocuments } from "./documents.ts";
import { ZarrStore } from "./chunk_objects.ts";

/** `zarr`: a folder with `zarr.json`, or `.zmetadata`, `.zgroup` or `.zarray`. */
export const zarr: ManifestFormat = {
  name: "zarr",
  named: (url) => /\/(?:zarr\.json|\.z(?:metadata|group|array))$/.test(url.pathname),
  async sniff({ head, has }) {
    if (!mayBeFolder(head)) return false;
    for (const name of ["zarr.json", ".zgroup", ".zarray", ".zmetadata"]) {
      if (await has(name)) return true;
    }
    return false;
  },
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await openStore(new ZarrDocuments(folderUrl(url), origin, options));
  },
};

async function openStore(documents: ZarrDocuments): Promise<Manifest> {
  const zarrJson = await documents.read("zarr.json");
  if (zarrJson) {
    const root = parseDocument(zarrJson.bytes, "zarr.json");
    const known = root.node_type === "array" || isConsolidated(zarrJson.bytes);
    const only = new Map([["zarr.json", zarrJson.bytes]]);
    return known
      ? new KnownStore(documents, only, { key: "zarr.json", ...zarrJson })
      : await openScattered(documents, only, 3);
  }
  const zmetadata = await documents.read(".zmetadata");
  if (zmetadata) {
    if (parseDocument(zmetadata.bytes, ".zmetadata").record_size !== undefined) {
      throw new IndexError("This is a kerchunk Parquet set, not a Zarr store");
    }
    const only = new Map([[".zmetadata", zmetadata.bytes]]);
    return new KnownStore(documents, only, { key: ".zmetadata", ...zmetadata });
  }
  const root = await documents.readNode("", 2);
  if (!root) {
    throw new IndexError(
      "There is no zarr.json, .zmetadata, .zgroup or .zarray: this is no Zarr store",
      {
        url: documents.root.href,
      },
    );
  }
  return root.has(".zarray")
    ? new KnownStore(documents, root)
    : await openScattered(documents, root, 2);
}

/** A store without consolidated metadata: walked where folders can be listed, else probed. */
async function openScattered(
  documents: ZarrDocuments,
  root: Map<string, Uint8Array>,
  zarrFormat: 2 | 3,
): Promise<Manifest> {
  const walked = await documents.walk();
  return walked
    ? new KnownStore(documents, walked)
    : new ProbedStore(documents, root, zarrFormat, crypto.randomUUID());
}

function hashOf(documents: ReadonlyMap<string, Uint8Array>): string {
  const hash = new VersionHash();
  const encoder = new TextEncoder();
  for (const key of [...documents.keys()].sort()) {
    const bytes = documents.get(key) as Uint8Array;
    hash.update(encoder.encode(`${key}\n${bytes.length}\n`)).update(bytes);
  }
  return hash.digest();
}

/** A store whose metadata is all at hand. Immutable. */
class KnownStore extends ZarrStore {
  readonly version: string;
  readonly #hierarchy: DocumentHierarchy;
  #validator: Validator | undefined;

  /** @param consolidated the one document that everything is in; undefined if the store was walked */
  constructor(
    documents: ZarrDocuments,
    all: Map<string, Uint8Array>,
    readonly consolidated?: { readonly key: string } & ReadDocument,
  ) {
    super(documents);
    this.version = hashOf(all);
    this.#hierarchy = new DocumentHierarchy(all);
    this.#validator = consolidated?.validator;
  }

  get heldBytes(): number {
    return this.#hierarchy.heldBytes;
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async node(path: string): Promise<Node | undefined> {
    return this.#hierarchy.node(path);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async children(path: string): Promise<string[]> {
    return this.#hierarchy.children(path);
  }

  async refresh(): Promise<Manifest> {
    if (this.consolidated && this.#validator) {
      const { origin, root } = this.documents;
      const url = urlBelow(root, [], this.consolidated.key);
      const body = await origin.read({ url }, undefined, { unless: this.#validator });
      if (body.notModified) return this;
      await body.cancel();
    }
    const opened = await openStore(this.documents);
    if (opened.version !== this.version) return opened;
    if (opened instanceof KnownStore) this.#validator = opened.#validator;
    return this;
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  protected async layout(path: string): Promise<ChunkLayout | undefined> {
    return this.#hierarchy.layout(path);
  }
}

/** A store that can neither be listed nor tells what is in it: a node is known once it was asked for. */
class ProbedStore extends ZarrStore {
  readonly version: string;
  readonly #root: Map<string, Uint8Array>;
  /** Hash of each node that was found. */
  readonly #seen = new Map<string, string>();

  constructor(
    documents: ZarrDocuments,
    root: Map<string, Uint8Array>,
    readonly zarrFormat: 2 | 3,
    /** Tells this manifest's nodes from those of others in the cache. */
    readonly id: string,
  ) {
    super(documents);
    this.#root = root;
    this.version = `${hashOf(root).slice(0, 16)}${id.replaceAll("-", "").slice(0, 16)}`;
  }

  async node(path: string): Promise<Node | undefined> {
    return (await this.#hierarchy(path))?.node(path);
  }

  /** Nothing tells which nodes there are. */
  children(_path: string): Promise<string[]> {
    return Promise.resolve([]);
  }

  /** Looks at each node that was used again; a change in any of them makes a new manifest. */
  async refresh(): Promise<Manifest> {
    const root = await this.documents.readNode("", this.zarrFormat);
    const isSame = root !== undefined && hashOf(root) === hashOf(this.#root);
    if (!isSame) return await openStore(this.documents);
    for (const [path, hash] of this.#seen) {
      const documents = await this.documents.readNode(path, this.zarrFormat);
      if (documents && hashOf(documents) === hash) continue;
      return new ProbedStore(this.documents, root, this.zarrFormat, crypto.randomUUID());
    }
    return this;
  }

  protected async layout(path: string): Promise<ChunkLayout | undefined> {
    return (await this.#hierarchy(path))?.layout(path);
  }

  /** The node at `path` as a hierarchy of its own. */
  async #hierarchy(path: string): Promise<DocumentHierarchy | undefined> {
    if (path !== "" && path.split("/").some((name) => /^\.{0,2}$/.test(name))) return undefined;
    const key = `zarr node ${this.id} ${path}`;
    return await this.documents.options.cache.load(key, async () => {
      const documents = path === ""
        ? this.#root
        : await this.documents.readNode(path, this.zarrFormat);
      if (!documents) return { value: undefined, bytes: 256 };
      this.#seen.set(path, hashOf(documents));
      const value = new DocumentHierarchy(
        new Map([...documents].map(([name, bytes]) => [childPath(path, name), bytes])),
      );
      return { value, bytes: value.heldBytes + 512 };
    });
  }
}
