/** `/{id}/…`: the keys of a dataset's Zarr store. */

import type { Dataset } from "../src/catalog/dataset.ts";
import { type ChunkSource, representChunk } from "../src/chunk/response.ts";
import type { Store, StoreEntry } from "../src/catalog/store.ts";
import { spellingsOf, type StorePath } from "../src/catalog/store_path.ts";
import { acceptsGzip } from "../src/http/content_coding.ts";
import { memoryRepresentation, respond } from "../src/http/representation.ts";
import { Timing } from "../src/http/server_timing.ts";
import { fillsOnFailure, isGdal } from "../src/http/streaming_client.ts";
import type { GatewayContext } from "./context.ts";
import { listing } from "./listing.ts";

/**
 * Answers a key, or lists the folder that it names.
 *
 * @param client whose signal aborts once the client has left
 * @throws SluiceError
 */
export async function storeKey(
  request: Request,
  dataset: Dataset,
  target: StorePath,
  client: { readonly signal: AbortSignal },
  { clients, chunks }: GatewayContext,
): Promise<Response> {
  const timing = new Timing();
  const since = performance.now();
  const { version, view } = target;
  const store = await dataset.store(version, view);
  const { manifest } = store;
  const answering = clients?.start(client);
  const { signal } = answering ?? client;
  try {
    const entry = await entryOf(store, target, signal);
    timing.add("index", since);
    if (!entry) {
      const { key } = target;
      if (key === "" || key.endsWith("/")) return await listing(request, dataset, target);
      // zarr-python lists a group that has no consolidated metadata by its bare name.
      const isGroup = view === "native" && (await manifest.node(key))?.type === "group";
      if (isGroup) return await listing(request, dataset, target);
      throw dataset.absent(target.key, version, manifest);
    }
    if (entry.kind === "document") {
      const named = entry.spaced && isGdal(request) ? await store.withoutSpaces(entry) : entry;
      const document = acceptsGzip(request) ? await store.compressed(named) : named;
      const vary = entry.spaced ? "Accept-Encoding, User-Agent" : "Accept-Encoding";
      const encoding = document.encoding === undefined
        ? []
        : [["content-encoding", document.encoding] as const];
      return await respond(
        request,
        memoryRepresentation(document.bytes, {
          etag: document.etag,
          contentType: "application/json",
          cacheControl: dataset.caching(version, manifest),
          headers: [["vary", vary], ...encoding],
          timing: () => timing.header(),
        }),
      );
    }
    const { array, ref } = entry;
    const { id, origin, tags } = dataset;
    const source = {
      dataset: id,
      version: manifest.version,
      array,
      ref,
      origin,
      tags,
      memory: chunks,
      epoch: dataset.epoch(manifest),
      view,
      cacheControl: dataset.caching(version, manifest, ref),
      asked: whatIsAsked(request),
      complete: fillsOnFailure(request),
      signal,
      timing,
    };
    try {
      return await respond(request, await representChunk(source));
    } catch (error) {
      if (!dataset.provesAbsence(error, manifest, ref)) throw error;
      throw dataset.absent(target.key, version, manifest);
    }
  } finally {
    if (answering) clients?.end(answering);
  }
}

/** What the path names, in the first of its spellings that the index has. */
async function entryOf(
  store: Store,
  target: StorePath,
  signal: AbortSignal,
): Promise<StoreEntry | undefined> {
  const spellings = spellingsOf(target);
  for (const spelling of spellings) {
    const entry = await store.entry(spelling, signal);
    if (entry) return entry;
    // The array is there and its chunk is not: another array's chunk would be a wrong number.
    if (spellings.length > 1 && await store.chunkKey(spelling)) return undefined;
  }
  return undefined;
}

/** What of the key will be needed, as far as the request alone tells. */
function whatIsAsked({ method, headers }: Request): ChunkSource["asked"] {
  if (headers.has("if-none-match") || headers.has("if-match")) return "conditions";
  return method === "HEAD" || headers.has("range") ? "pieces" : "whole";
}
