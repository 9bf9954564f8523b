/**
 * What coalescing gains and costs: 64 neighbouring ranges asked for at once, and one alone.
 * `deno run -A test/bench/coalesce.ts`
 */

import { COALESCE, withCoalescing } from "../../src/origin/share/coalesce.ts";
import { originsFor } from "../../src/origin/mod.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { startOrigin } from "../faults/origin_server.ts";

const FILE = new Uint8Array(20_000_000);
const ROUNDS = 8;

/** Milliseconds and origin requests that `count` reads of neighbours take, on average. */
async function measure(
  origin: Origin,
  url: URL,
  count: number,
  size: number,
  requests: () => number,
) {
  const before = requests();
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(Array.from({ length: count }, async (_, i) => {
      const offset = ((round * count + i) * size) % (FILE.length - size);
      await (await origin.read(url, { offset, length: size })).bytes();
    }));
  }
  const ms = (performance.now() - start) / ROUNDS;
  return `${ms.toFixed(1)} ms, ${((requests() - before) / ROUNDS).toFixed(1)} requests`;
}

for (const latencyMs of [0, 20]) {
  for (const concurrentPerOrigin of [8, 64]) {
    for (const size of [4096, 100_000]) {
      await using server = await startOrigin({ files: { "/a": FILE }, latencyMs });
      const plain = originsFor({ concurrentPerOrigin, requestTimeoutMs: 30_000 })([server.url]);
      const merged = withCoalescing(plain, COALESCE);
      const url = new URL("a", server.url);
      const requests = () => server.requests.length;
      await measure(plain, url, 64, size, requests);
      console.log(`${size} bytes, ${latencyMs} ms away, ${concurrentPerOrigin} at once`);
      for (const count of [64, 1]) {
        const without = await measure(plain, url, count, size, requests);
        console.log(`  ${count} plain: ${without}`);
        console.log(`  ${count} merged: ${await measure(merged, url, count, size, requests)}`);
      }
    }
  }
}
