/**
 * Our reader of kerchunk Parquet, as lazy_reference_mapper.py does it with fsspec's: the same chunks,
 * the same lines.
 *
 * ```
 * open_references.ts FOLDER
 * ```
 */

import { denoFiles } from "../../deploy/deno_files.ts";
import { openManifest } from "../../manifests/mod.ts";
import { ByteCache } from "../../src/byte_cache.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import { originsFor } from "../../src/origin/mod.ts";
import { randomChunks } from "./random_chunks.ts";

const url = new URL(`file://${Deno.args[0]}/`);
const cache = new ByteCache(64 * 2 ** 20);
const origin = originsFor({
  concurrentPerOrigin: 64,
  requestTimeoutMs: 30_000,
  files: denoFiles,
  log: () => {},
})([url.href]);
const manifest = await openManifest(url, origin, { cache, maxIndexBytes: cache.maxBytes });
const chunks = randomChunks();

function report(asked: number, seconds: number, ref: ChunkRef | undefined): void {
  if (ref?.kind !== "range") throw new Error(`Chunk ${asked} has no byte range`);
  const resident = Deno.memoryUsage().rss;
  const place = [ref.file.url.href, ref.offset, ref.length];
  console.log(JSON.stringify({ asked, seconds, resident, ref: place }));
}

report(1, 0, await manifest.chunk("sst", chunks.next().value));
const start = performance.now();
for (let asked = 2; asked <= 100_000; asked++) {
  const ref = await manifest.chunk("sst", chunks.next().value);
  if (asked === 1_000 || asked === 100_000) report(asked, (performance.now() - start) / 1000, ref);
}
