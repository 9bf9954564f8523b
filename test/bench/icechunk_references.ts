/**
 * Our reader of Icechunk, as icechunk_library.cjs does it with the reference library: the same
 * repository, the same steps, the same lines.
 *
 * ```
 * icechunk_references.ts FOLDER PREFIX ROWS
 * ```
 */

import { denoFiles } from "../../deploy/deno_files.ts";
import { openManifest } from "../../manifests/mod.ts";
import { ByteCache } from "../../src/byte_cache.ts";
import { originsFor } from "../../src/origin/mod.ts";

const LOOKUPS = 10_000;
const [folder, prefix, rowsText] = Deno.args;
const rows = Number(rowsText);
const SIDE = 100;

function report(what: string, seconds: number): void {
  console.log(JSON.stringify({ what, seconds, resident: Deno.memoryUsage().rss }));
}

function* randomChunks(): Generator<[number, number, number], never> {
  let state = 20020601;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const n = (state >>> 0) % rows;
    yield [Math.floor(n / SIDE / SIDE), Math.floor(n / SIDE) % SIDE, n % SIDE];
  }
}

report("idle", 0);
const start = performance.now();
const url = new URL(`file://${folder}/`);
const cache = new ByteCache(64 * 2 ** 20);
const origin = originsFor({
  concurrentPerOrigin: 64,
  requestTimeoutMs: 30_000,
  files: denoFiles,
  log: () => {},
})([url.href, prefix]);
const options = { cache, maxIndexBytes: cache.maxBytes, format: "icechunk" };
const manifest = await openManifest(url, origin, options);
const first = await manifest.chunk("sst", [0, 0, 0]);
if (first?.kind !== "range") throw new Error("The first chunk has no byte range");
const bytes = await (await origin.read(first.file, first)).bytes();
if (bytes.length !== first.length) throw new Error("The first chunk is cut short");
report("first", (performance.now() - start) / 1000);

const chunks = randomChunks();
let fastest = Infinity;
// Twice, as the library is asked in two ways.
for (let round = 0; round < 2; round++) {
  const begun = performance.now();
  for (let i = 0; i < LOOKUPS; i++) {
    const coords = chunks.next().value;
    if (!await manifest.chunk("sst", coords)) throw new Error(`There is no ${coords}`);
  }
  fastest = Math.min(fastest, (performance.now() - begun) / 1000);
}
report("lookups", fastest);
