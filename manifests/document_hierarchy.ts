/** A Zarr hierarchy of metadata documents that are all at hand: keys such as `a/.zarray`, `a/zarr.json`. */

import { IndexError } from "../src/errors.ts";
import type { Node } from "../src/manifest.ts";
import { isObject, type Json, type JsonObject, parseJson } from "../src/json.ts";
import { MAX_CONSOLIDATED_BYTES } from "../src/zarr/consolidated.ts";
import { arrayFromV2, groupFromV2 } from "../src/zarr/v2/to_v3.ts";
import { parseZarrJson } from "../src/zarr/v3_document.ts";
import { jsonMembers } from "./json_members.ts";
import { childPath, mustBePlain, NodeTree, overLimit } from "./node_tree.ts";
import { type ChunkLayout, chunkLayout } from "../src/zarr/chunk_grid.ts";

/** Bytes of one node's metadata, or of its attributes, at most. */
const MAX_DOCUMENT_BYTES = 2 ** 22;

const decoder = new TextDecoder();

/** True if `name` is the last segment of a metadata key. */
export function isMetadataName(name: string): boolean {
  return name === ".zarray" || name === ".zgroup" || name === ".zattrs" || name === ".zmetadata" ||
    name === "zarr.json";
}

/** Nodes by path, from their documents. Groups above a node need no document of their own. */
export class DocumentHierarchy {
  readonly #documents: Map<string, Uint8Array>;
  readonly #tree = new NodeTree();
  readonly #layouts = new Map<string, ChunkLayout>();
  /** Bytes of the documents and of what was made of them, estimated. */
  readonly heldBytes: number;

  /**
   * Sorts documents into nodes; each is parsed when it is asked for.
   *
   * @param documents key → bytes, kept and added to: entries of consolidated documents among them
   * (`.zmetadata`, a root `zarr.json`) count where there is no document of their own
   * @throws IndexError if a consolidated document cannot be parsed, a path has an empty, `.` or `..`
   * segment, or something is over its limit (`index-too-large`)
   */
  constructor(documents: Map<string, Uint8Array>) {
    this.#documents = documents;
    for (const name of [".zmetadata", "zarr.json"]) {
      const bytes = documents.get(name)?.length ?? 0;
      if (bytes > MAX_CONSOLIDATED_BYTES) {
        throw overLimit(`"${name}" has ${bytes} bytes`, MAX_CONSOLIDATED_BYTES);
      }
    }
    addConsolidatedV2(documents);
    addConsolidatedV3(documents);
    let held = 0;
    for (const [key, bytes] of documents) {
      held += 256 + 2 * key.length + bytes.byteLength;
      const slash = key.lastIndexOf("/");
      const name = key.slice(slash + 1);
      if (!isMetadataName(name)) continue;
      mustBePlain(key);
      if (key !== ".zmetadata" && key !== "zarr.json") mustFit(key, bytes);
      if (name === ".zmetadata" || name === ".zattrs") continue;
      this.#tree.add(key.slice(0, Math.max(0, slash)));
    }
    this.heldBytes = held;
  }

  /** The node at `path`; undefined if there is none. @throws IndexError */
  node(path: string): Node | undefined {
    const zarrJson = this.#documents.get(childPath(path, "zarr.json"));
    if (zarrJson) {
      const metadata = parseZarrJson(zarrJson, path);
      const source = { zarrFormat: 3, zarrJson } as const;
      return metadata.node_type === "array"
        ? { type: "array", metadata, layout: chunkLayout(metadata), source }
        : { type: "group", metadata, source };
    }
    const zattrs = this.#documents.get(childPath(path, ".zattrs"));
    const attributes = () => zattrs && parseDocument(zattrs, childPath(path, ".zattrs"));
    const zarray = this.#documents.get(childPath(path, ".zarray"));
    if (zarray) {
      const parsed = parseDocument(zarray, childPath(path, ".zarray"));
      const { metadata, layout, unsupported } = arrayFromV2(parsed, attributes(), path);
      return {
        type: "array",
        metadata,
        layout,
        source: { zarrFormat: 2, document: zarray, zattrs },
        unsupported,
      };
    }
    const zgroup = this.#documents.get(childPath(path, ".zgroup"));
    if (!zgroup && !this.#tree.isGroup(path)) return undefined;
    return {
      type: "group",
      metadata: groupFromV2(attributes()),
      source: { zarrFormat: 2, document: zgroup, zattrs },
    };
  }

  /** Names of the nodes below `path`, sorted; none for an array. */
  children(path: string): string[] {
    return this.#tree.children(path);
  }

  /** The chunk layout of the array at `path`; undefined if there is no array whose chunks can be found. @throws IndexError */
  layout(path: string): ChunkLayout | undefined {
    const known = this.#layouts.get(path);
    if (known) return known;
    const node = this.node(path);
    const layout = node?.type === "array" ? node.layout : undefined;
    if (layout) this.#layouts.set(path, layout);
    return layout;
  }

  /** The paths of all nodes that have a document and may be arrays. */
  *arrayPaths(): Generator<string> {
    for (const key of this.#documents.keys()) {
      const slash = key.lastIndexOf("/");
      const name = key.slice(slash + 1);
      if (name === ".zarray" || name === "zarr.json") yield key.slice(0, Math.max(0, slash));
    }
  }
}

/** Refuses a document of one node that is over the limit. @throws IndexError `index-too-large` */
export function mustFit(key: string, { length }: Uint8Array): void {
  if (length > MAX_DOCUMENT_BYTES) {
    throw overLimit(`"${key}" has ${length} bytes`, MAX_DOCUMENT_BYTES);
  }
}

/** A metadata document as a JSON object. @throws IndexError */
export function parseDocument(bytes: Uint8Array, key: string): JsonObject {
  let parsed: Json;
  try {
    parsed = parseJson(decoder.decode(bytes));
  } catch (cause) {
    throw new IndexError(`Cannot parse "${key}" as JSON`, { key }, cause);
  }
  if (!isObject(parsed)) throw new IndexError(`"${key}" is not a JSON object`, { key });
  return parsed;
}

function addConsolidatedV2(documents: Map<string, Uint8Array>): void {
  const bytes = documents.get(".zmetadata");
  if (!bytes) return;
  const { metadata } = parseDocument(bytes, ".zmetadata");
  if (!isObject(metadata)) throw new IndexError('".zmetadata" has no "metadata" object');
  addMissing(documents, membersAt(bytes, ["metadata"]));
}

function addConsolidatedV3(documents: Map<string, Uint8Array>): void {
  const bytes = documents.get("zarr.json");
  if (!bytes) return;
  const consolidated = parseDocument(bytes, "zarr.json").consolidated_metadata;
  if (!isObject(consolidated) || !isObject(consolidated.metadata)) return;
  const members = membersAt(bytes, ["consolidated_metadata", "metadata"]);
  addMissing(
    documents,
    new Map([...members].map(([path, document]) => [childPath(path, "zarr.json"), document])),
  );
}

function addMissing(
  documents: Map<string, Uint8Array>,
  consolidated: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [key, document] of consolidated) {
    if (!documents.has(key)) documents.set(key, document);
  }
}

/** The {@link jsonMembers} of the object to which the names in `path` lead, one inside the other. */
function membersAt(json: Uint8Array, path: readonly string[]): Map<string, Uint8Array> {
  let members = jsonMembers(json);
  for (const name of path) members = jsonMembers(members.get(name) as Uint8Array);
  return members;
}
