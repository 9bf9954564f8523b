/** `/{id}/…`: the keys of a dataset's Zarr store. */

import type { Dataset } from "../src/catalog/catalog.ts";
import { representChunk } from "../src/chunk/response.ts";
import type { ClientWatch } from "../src/http/client_watch.ts";
import { OriginError, SluiceError } from "../src/errors.ts";
import type { Manifest } from "../src/manifest.ts";
import type { ChunkRef } from "../src/chunk/ref.ts";
import { memoryRepresentation, respond } from "../src/http/representation.ts";
import { Timing } from "../src/http/server_timing.ts";
import { listing } from "./listing.ts";
import type { StorePath } from "../src/catalog/store_path.ts";
import { fillsOnFailure } from "../src/http/streaming_client.ts";

const IMMUTABLE = "max-age=31536000, immutable, no-transform";

/**
 * Answers a key that is not a listing.
 *
 * @param clients tells when the client leaves; undefined: the request itself does
 * @throws SluiceError
 */
export async function storeKey(
  request: Request,
  dataset: Dataset,
  target: StorePath,
  clients: ClientWatch | undefined,
): Promise<Response> {
  const timing = new Timing();
  const since = performance.now();
  const store = await dataset.store(target.version, target.view);
  const { key, literalKey } = target;
  const entry = await store.entry(key) ??
    (literalKey === undefined ? undefined : await store.entry(literalKey));
  timing.add("index", since);
  const { manifest } = store;
  if (!entry) {
    // zarr-python lists a group that has no consolidated metadata by its bare name.
    const isGroup = target.view === "native" && (await manifest.node(target.key))?.type === "group";
    if (isGroup) return await listing(request, dataset, target);
    throw absent(target.key);
  }
  const scope = dataset.config.tokens ? "private" : "public";
  const mutable = `${scope}, max-age=${dataset.config.maxAge}, no-transform`;
  const immutable = `${scope}, ${IMMUTABLE}`;
  if (entry.kind === "document") {
    const cacheControl = target.version !== undefined && manifest.pinned ? immutable : mutable;
    const document = memoryRepresentation(entry.bytes, {
      etag: entry.etag,
      contentType: "application/json",
      cacheControl,
      headers: [["vary", "Accept-Encoding"]],
      timing: () => timing.header(),
    });
    return await respond(request, document);
  }
  const { array, ref } = entry;
  const fixed = target.version !== undefined && cannotChange(manifest, ref);
  const answering = clients?.start(request);
  try {
    const { signal } = answering ?? request;
    const { origin, tags, conversions } = dataset;
    const cacheControl = fixed ? immutable : mutable;
    const { view } = target;
    const whole = ref.kind !== "object" || asksForWhole(request);
    // A plain Zarr store's objects are its present; other indexes are about files as they were.
    const settled = dataset.config.validate && !manifest.absentObjects;
    const epoch = settled ? `${dataset.id}\n${manifest.version}` : undefined;
    const source = {
      manifest,
      array,
      ref,
      origin,
      tags,
      conversions,
      epoch,
      view,
      cacheControl,
      complete: fillsOnFailure(request),
      signal,
      timing,
    };
    return await respond(request, await representChunk(source, whole));
  } catch (error) {
    // A plain Zarr store is its own index: an object that it does not have is an absent chunk.
    const isAbsent = manifest.absentObjects && ref.kind === "object" &&
      error instanceof OriginError && error.absent;
    throw isAbsent ? absent(target.key) : error;
  } finally {
    if (answering) clients?.end(answering);
  }
}

/** Whether every byte of the key will be needed, whatever its state. */
function asksForWhole({ method, headers }: Request): boolean {
  return method === "GET" && !headers.has("range") && !headers.has("if-none-match") &&
    !headers.has("if-match");
}

function absent(key: string): SluiceError {
  return new SluiceError("not-found", `The index has no key "${key}"`);
}

/** Whether the bytes behind a reference of this very version are settled for all time. */
function cannotChange(manifest: Manifest, ref: ChunkRef): boolean {
  if (!manifest.pinned) return false;
  return ref.kind === "inline" || ref.file.immutable === true ||
    ref.file.validator !== undefined;
}
