/** The metadata documents of a view: which keys name one, what it says, and its forms for other clients. */

import { copyOf, Turns } from "../codecs/pace.ts";
import { IndexError } from "../errors.ts";
import { gzip } from "../http/content_coding.ts";
import { entityTag, TagHash } from "../http/entity_tag.ts";
import { type Descendant, hasSpaces, MAX_CONSOLIDATED_BYTES } from "../zarr/consolidated.ts";
import { unaskable, zarrJson } from "../zarr/portable.ts";
import { type V2Documents, v2Documents, zmetadata } from "../zarr/v2/documents.ts";
import type { View } from "../zarr/view.ts";
import type { NodeViews } from "./node_view.ts";

export interface StoreDocument {
  readonly kind: "document";
  /** The node's. */
  readonly path: string;
  /** All of it, as `encoding` says. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong: another one for each encoding. */
  readonly etag: string;
  /** `Content-Encoding`; undefined: as it is. */
  readonly encoding?: "gzip";
  /** True if it names nodes with spaces, which GDAL cannot ask for. */
  readonly spaced?: boolean;
}

/** Bytes below which a document fits into a packet as it is. */
const WORTH_COMPRESSING = 512;

const encoder = new TextEncoder();

type Written = Pick<StoreDocument, "bytes" | "etag" | "spaced">;

/** Whether the last part of a key is that of a metadata document in a view. */
export function namesDocument(view: View, name: string): boolean {
  return view === "v2" ? /^\.z(array|group|attrs|metadata)$/.test(name) : name === "zarr.json";
}

/**
 * The document `name` of the node at `path`; undefined if it has none.
 *
 * @param spaceless names of nodes as GDAL can ask for them
 * @throws IndexError `index-too-large` too
 */
export async function writeDocument(
  nodes: NodeViews,
  path: string,
  name: string,
  spaceless = false,
): Promise<StoreDocument | undefined> {
  const written = nodes.view === "v2"
    ? await v2Document(nodes, path, name)
    : nodes.view === "native"
    ? await ownDocument(nodes, path)
    : await portableDocument(nodes, path, spaceless);
  return written && { kind: "document", path, ...written };
}

/** UTF-16 units that are encoded and hashed at a time. */
const PIECE = 2 ** 16;

/** The bytes of a text and their tag, made in turns. @throws IndexError `index-too-large` */
async function inBytes(
  texts: Iterable<string>,
  path: string,
): Promise<Written> {
  const turns = new Turns();
  const hash = new TagHash();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let waiting = "";
  const write = () => {
    const piece = encoder.encode(waiting);
    waiting = "";
    length += piece.length;
    pieces.push(piece);
    hash.update(piece);
  };
  for (const text of texts) {
    waiting += text;
    if (waiting.length < PIECE) continue;
    write();
    if (length > MAX_CONSOLIDATED_BYTES) {
      throw new IndexError(
        `The metadata of all nodes below "/${path}" has over ${MAX_CONSOLIDATED_BYTES} bytes, which is the ` +
          "limit of a consolidated document; open a group below it",
        { limit: MAX_CONSOLIDATED_BYTES },
        undefined,
        "index-too-large",
      );
    }
    if (turns.due()) await turns.turn();
  }
  write();
  return { bytes: await copyOf(pieces, turns), etag: hash.tag() };
}

async function ownDocument(nodes: NodeViews, path: string): Promise<Written | undefined> {
  const node = await nodes.manifest.node(path);
  if (!node) return undefined;
  if (node.source?.zarrFormat === 3) { // as it is
    const bytes = node.source.zarrJson as Uint8Array<ArrayBuffer>;
    return { bytes, etag: entityTag(bytes) };
  }
  const inside = node.type === "group" ? await below(nodes, path) : [];
  return await inBytes(zarrJson(node.metadata, inside), path);
}

async function portableDocument(
  nodes: NodeViews,
  path: string,
  spaceless: boolean,
): Promise<Written | undefined> {
  const node = await nodes.node(path);
  if (!node) return undefined;
  const inside = node.type === "group" ? await below(nodes, path) : [];
  const written = await inBytes(zarrJson(node.metadata, inside, spaceless), path);
  return { ...written, spaced: hasSpaces(inside) };
}

/** What the document of the group at `path` says of the nodes below it. */
async function below(nodes: NodeViews, path: string): Promise<Descendant[]> {
  const skip = path === "" ? 0 : path.length + 1;
  const found: Descendant[] = [];
  for await (const [full, node] of nodes.descendants(path)) {
    const name = full.slice(skip);
    if (node.type === "malformed") {
      found.push([name, { leftOut: node.fault.message }]);
      continue;
    }
    const reason = node.type === "array" ? node.leftOut : unaskable(full);
    const leftOut = nodes.view === "portable" ? reason : undefined;
    found.push([name, leftOut === undefined ? node.metadata : { leftOut }]);
  }
  return found;
}

async function v2Document(
  nodes: NodeViews,
  path: string,
  name: string,
): Promise<Written | undefined> {
  const own = await documentsOf(nodes, path);
  if (name !== ".zmetadata") {
    return own?.[name] === undefined ? undefined : await inBytes([own[name]], path);
  }
  if (own?.[".zgroup"] === undefined) return undefined;
  const all: Array<[string, V2Documents]> = [["", own]];
  for await (const [full, node] of nodes.descendants(path)) {
    const documents = node.type === "malformed" ? undefined : await documentsOf(nodes, full);
    if (documents) all.push([full.slice(path === "" ? 0 : path.length + 1), documents]);
  }
  return await inBytes(zmetadata(all), path);
}

/** The v2 documents of the node at `path`; undefined if there is none, or v2 cannot say it. */
async function documentsOf(nodes: NodeViews, path: string): Promise<V2Documents | undefined> {
  const node = await nodes.manifest.node(path);
  if (node?.type !== "array") return node && v2Documents(node);
  const array = await nodes.node(path);
  const isServed = array?.type === "array" && array.plan.tier !== "native";
  return v2Documents(node, isServed ? array.metadata : undefined);
}

/** A document in gzip; itself where that saves nothing. */
export async function gzipDocument(document: StoreDocument): Promise<StoreDocument> {
  if (document.bytes.length < WORTH_COMPRESSING) return document;
  const bytes = await gzip(document.bytes);
  return bytes.length < document.bytes.length
    ? { ...document, bytes, etag: document.etag.replace(/"$/, '-gzip"'), encoding: "gzip" }
    : document;
}
