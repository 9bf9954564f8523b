/** Where a plain Zarr store's metadata documents come from. */

import { IndexError, OriginError } from "../../src/errors.ts";
import type { OpenOptions } from "../../src/manifest.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { isObject } from "../../src/json.ts";
import { parseDocument } from "../document_hierarchy.ts";
import { childPath, mustBePlain } from "../node_tree.ts";
import { urlBelow } from "../folder_url.ts";
import { wholeFile } from "../index_file.ts";

/** A document as it was read. */
export interface ReadDocument {
  /** All of the document. */
  readonly bytes: Uint8Array;
  /** The state it was in, where the origin told. */
  readonly validator?: Validator;
}

/** What helps against metadata that is too large. */
const LARGER_CACHE = "Raise indexCacheBytes";

/** Nodes that a store without consolidated metadata may have to be walked. */
const MAX_WALKED_NODES = 10_000;
/** Folders that are looked at at the same time. */
const WALKERS = 16;

/** Reads documents below a store's folder. */
export class ZarrDocuments {
  /** Nothing is read yet. */
  constructor(
    /** The store's folder, with its slash. */
    readonly root: URL,
    readonly origin: Origin,
    readonly options: OpenOptions,
  ) {}

  /** The document with that key; undefined if the origin says that there is none. */
  async read(key: string): Promise<ReadDocument | undefined> {
    const names = key.split("/");
    const url = urlBelow(this.root, names.slice(0, -1), names[names.length - 1]);
    try {
      const body = await this.origin.read({ url }, undefined);
      const bytes = await wholeFile(body, this.options.maxIndexBytes, LARGER_CACHE);
      return { bytes, validator: body.validator };
    } catch (fault) {
      if (fault instanceof OriginError && fault.absent) return undefined;
      throw fault;
    }
  }

  /**
   * The documents of the node at `path` by name; undefined if there is none.
   *
   * @param zarrFormat which documents to look for; both if undefined
   */
  async readNode(
    path: string,
    zarrFormat?: 2 | 3,
  ): Promise<Map<string, Uint8Array> | undefined> {
    const found = new Map<string, Uint8Array>();
    const take = async (name: string) => {
      const document = await this.read(childPath(path, name));
      if (document) found.set(name, document.bytes);
      return document !== undefined;
    };
    if (zarrFormat !== 2 && await take("zarr.json")) return found;
    if (zarrFormat === 3) return undefined;
    const [isArray, isGroup] = await Promise.all([
      take(".zarray"),
      take(".zgroup"),
      take(".zattrs"),
    ]);
    return isArray || isGroup ? found : undefined;
  }

  /** Every document of the store, by listing its folders; undefined where nothing can be listed. */
  async walk(): Promise<Map<string, Uint8Array> | undefined> {
    const documents = new Map<string, Uint8Array>();
    const pending = [""];
    let bytes = 0;
    for (let seen = 0; pending.length > 0; seen += WALKERS) {
      const batch = pending.splice(0, WALKERS);
      const found = await Promise.all(batch.map((path) => this.#visit(path)));
      for (const [i, node] of found.entries()) {
        if (!node) {
          if (batch[i] === "") return undefined;
          continue;
        }
        for (const [name, document] of node.documents) {
          documents.set(childPath(batch[i], name), document);
          bytes += document.length;
        }
        for (const name of node.folders) {
          // a folder may list itself
          mustBePlain(childPath(batch[i], `${name}/zarr.json`));
          pending.push(childPath(batch[i], name));
        }
      }
      if (seen + pending.length > MAX_WALKED_NODES || bytes > this.options.maxIndexBytes) {
        throw new IndexError(
          "The Zarr store has more nodes than this server reads one by one; consolidate its metadata: " +
            "zarr.consolidate_metadata(store)",
          { url: this.root.href },
          undefined,
          "index-too-large",
        );
      }
    }
    return documents;
  }

  /** What is in a folder: its documents, and the folders that may hold nodes. */
  async #visit(
    path: string,
  ): Promise<{ documents: Map<string, Uint8Array>; folders: string[] } | undefined> {
    const segments = path === "" ? [] : path.split("/");
    const entries = await this.origin.list?.({ url: urlBelow(this.root, segments, "") });
    if (!entries) return undefined;
    const documents = new Map<string, Uint8Array>();
    const names = new Set(entries.filter(({ kind }) => kind === "object").map(({ name }) => name));
    await Promise.all(["zarr.json", ".zarray", ".zgroup", ".zattrs"].map(async (name) => {
      if (!names.has(name)) return;
      const document = await this.read(childPath(path, name));
      if (document) documents.set(name, document.bytes);
    }));
    const isArray = documents.has(".zarray") || this.#isArray(documents.get("zarr.json"), path);
    // below an array there are chunks only, and often very many
    const folders = isArray ? [] : entries.filter(({ kind }) => kind === "folder");
    return { documents, folders: folders.map(({ name }) => name) };
  }

  #isArray(zarrJson: Uint8Array | undefined, path: string): boolean {
    return zarrJson !== undefined &&
      parseDocument(zarrJson, childPath(path, "zarr.json")).node_type === "array";
  }
}

/** True if a v3 group's `zarr.json` holds the metadata of the nodes below it. */
export function isConsolidated(zarrJson: Uint8Array): boolean {
  const consolidated = parseDocument(zarrJson, "zarr.json").consolidated_metadata;
  return isObject(consolidated) && isObject(consolidated.metadata);
}
