/** `/-/refs/{id}/{array}/c/0/0`: where a chunk's bytes are, for clients that go to the origin themselves. */

import type { Dataset } from "../src/catalog/dataset.ts";
import type { StorePath } from "../src/catalog/store_path.ts";
import type { ChunkRef } from "../src/chunk/ref.ts";
import { responseWith } from "../src/http/headers.ts";

/**
 * `{url, offset, length, tier, codecs}` as JSON: `codecs` are those of the bytes at that place (the
 * source's own), `tier` is how the gateway would serve them. A whole object has neither offset nor
 * length; an inline chunk has `inline`, its bytes in base64; one in several pieces has `parts`, each
 * with its place; one that is a slice of what its bytes decode to has `within`.
 */
export async function chunkReference(dataset: Dataset, target: StorePath): Promise<Response> {
  const store = await dataset.store(target.version, target.view);
  const entry = await store.entry(target.key);
  if (entry?.kind !== "chunk") {
    throw dataset.absent(target.key, target.version, store.manifest);
  }
  const { array, ref } = entry;
  const { encoding = 0 } = ref;
  const node = encoding > 0 ? await store.manifest.node(array.path) : undefined;
  const encoded = node?.type === "array" ? node.encodings?.[encoding] : undefined;
  const body = JSON.stringify({
    ...placeOf(ref, dataset.url),
    tier: array.plans[encoding]?.tier,
    codecs: (encoded ?? array.native).codecs,
  });
  return responseWith(body, [
    ["content-type", "application/json"],
    ["cache-control", dataset.mutable],
  ]);
}

function placeOf(ref: ChunkRef, index: URL): Record<string, unknown> {
  if (ref.kind === "inline") return { inline: ref.bytes.toBase64() };
  if (ref.kind === "concat") return { parts: ref.parts.map((part) => placeOf(part, index)) };
  const { url, validator } = ref.file;
  const range = ref.kind === "range"
    ? { offset: ref.offset, length: ref.length, within: ref.within }
    : {};
  return { url: shownUrl(url, index), ...range, validator };
}

/**
 * A file's URL as the index can have written it: a local one relative to the index where they share a
 * folder, so that nobody learns where on the server that is.
 */
function shownUrl(url: URL, index: URL): string {
  if (url.protocol !== "file:" || index.protocol !== "file:") return url.href;
  const from = index.pathname.split("/").slice(1, -1);
  const to = url.pathname.split("/").slice(1);
  let common = 0;
  while (common < Math.min(from.length, to.length - 1) && from[common] === to[common]) common++;
  if (common === 0 && from.length > 0) return url.href;
  return [...from.slice(common).map(() => ".."), ...to.slice(common)].join("/");
}
