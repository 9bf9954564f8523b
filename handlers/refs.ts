/** `/-/refs/{id}/{array}/c/0/0`: where a chunk's bytes are, for clients that go to the origin themselves. */

import type { Dataset } from "../src/catalog/dataset.ts";
import { responseWith } from "../src/http/headers.ts";
import { planArray } from "../src/chunk/plan.ts";
import type { StorePath } from "../src/catalog/store_path.ts";

/**
 * `{url, offset, length, tier, codecs}` as JSON: `codecs` are those of the bytes at that place (the
 * source's own), `tier` is how the gateway would serve them. A whole object has neither offset nor
 * length; an inline chunk has `inline`, its bytes in base64.
 */
export async function chunkReference(dataset: Dataset, target: StorePath): Promise<Response> {
  const store = await dataset.store(target.version, target.view);
  const entry = await store.entry(target.key);
  if (entry?.kind !== "chunk") {
    throw dataset.absent(target.key, target.version, store.manifest);
  }
  const { array, ref } = entry;
  const place = ref.kind === "inline"
    ? { inline: ref.bytes.toBase64() }
    : ref.kind === "object"
    ? { url: ref.file.url.href }
    : { url: ref.file.url.href, offset: ref.offset, length: ref.length };
  const body = JSON.stringify({
    ...place,
    tier: planArray(array.native).tier,
    codecs: array.native.codecs,
    ...(ref.kind !== "inline" && ref.file.validator ? { validator: ref.file.validator } : {}),
  });
  return responseWith(body, [
    ["content-type", "application/json"],
    ["cache-control", dataset.mutable],
  ]);
}
