/** The metadata documents of a view: which keys name one, what it says, and its forms for other clients. */

import { entityTag } from "../http/entity_tag.ts";
import { gzip } from "../http/content_coding.ts";
import { type JsonObject, parseJson, stringifyJson } from "../json.ts";
import { type Descendant, hasSpaces, withoutSpaces } from "../zarr/consolidated.ts";
import { nativeDocument } from "../zarr/native.ts";
import { unaskable, zarrJson } from "../zarr/portable.ts";
import { type V2Documents, v2Documents, zmetadata } from "../zarr/v2/documents.ts";
import type { View } from "../zarr/view.ts";
import type { NodeViews } from "./node_view.ts";

export interface StoreDocument {
  readonly kind: "document";
  /** All of it, as `encoding` says. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong: another one for each encoding. */
  readonly etag: string;
  /** `Content-Encoding`; undefined: as it is. */
  readonly encoding?: "gzip";
  /** True if it names nodes with spaces, for which {@link spacelessDocument} has another form. */
  readonly spaced?: boolean;
}

/** Bytes below which a document fits into a packet as it is. */
const WORTH_COMPRESSING = 512;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Written = Pick<StoreDocument, "bytes" | "spaced">;

/** Whether the last part of a key is that of a metadata document in a view. */
export function namesDocument(view: View, name: string): boolean {
  return view === "v2" ? /^\.z(array|group|attrs|metadata)$/.test(name) : name === "zarr.json";
}

/** The document `name` of the node at `path`; undefined if it has none. @throws IndexError */
export async function writeDocument(
  nodes: NodeViews,
  path: string,
  name: string,
): Promise<StoreDocument | undefined> {
  const written = nodes.view === "v2"
    ? await v2Document(nodes, path, name)
    : nodes.view === "native"
    ? await ownDocument(nodes, path)
    : await portableDocument(nodes, path);
  return written && { kind: "document", ...written, etag: entityTag(written.bytes) };
}

async function ownDocument(nodes: NodeViews, path: string): Promise<Written | undefined> {
  const node = await nodes.manifest.node(path);
  if (!node) return undefined;
  const isWritten = node.type === "group" && node.source?.zarrFormat !== 3;
  return { bytes: nativeDocument(node, isWritten ? await below(nodes, path) : []) };
}

async function portableDocument(nodes: NodeViews, path: string): Promise<Written | undefined> {
  const node = await nodes.node(path);
  if (!node) return undefined;
  const inside = node.type === "group" ? await below(nodes, path) : [];
  return { bytes: encoder.encode(zarrJson(node.metadata, inside)), spaced: hasSpaces(inside) };
}

/** What the document of the group at `path` says of the nodes below it. */
async function below(nodes: NodeViews, path: string): Promise<Descendant[]> {
  const skip = path === "" ? 0 : path.length + 1;
  return (await nodes.descendants(path)).map(([full, node]): Descendant => {
    const name = full.slice(skip);
    if (node.type === "malformed") return [name, { leftOut: node.fault.message }];
    const reason = node.type === "array" ? node.leftOut : unaskable(full);
    const leftOut = nodes.view === "portable" ? reason : undefined;
    return [name, leftOut === undefined ? node.metadata : { leftOut }];
  });
}

async function v2Document(
  nodes: NodeViews,
  path: string,
  name: string,
): Promise<Written | undefined> {
  const own = await documentsOf(nodes, path);
  if (name !== ".zmetadata") return own?.[name] === undefined ? undefined : written(own[name]);
  if (own?.[".zgroup"] === undefined) return undefined;
  const all: Array<[string, V2Documents]> = [["", own]];
  for (const [full, node] of await nodes.descendants(path)) {
    const documents = node.type === "malformed" ? undefined : await documentsOf(nodes, full);
    if (documents) all.push([full.slice(path === "" ? 0 : path.length + 1), documents]);
  }
  return written(zmetadata(all));
}

function written(text: string): Written {
  return { bytes: encoder.encode(text) };
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

/** A document that names nodes with spaces as GDAL can ask for them. */
export function spacelessDocument(document: StoreDocument): StoreDocument {
  const parsed = parseJson(decoder.decode(document.bytes)) as JsonObject;
  const bytes = encoder.encode(stringifyJson(withoutSpaces(parsed)));
  return { ...document, bytes, etag: entityTag(bytes) };
}
