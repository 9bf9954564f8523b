/** Decoding beside other requests: how long `/-/health` waits while large and many chunks are decoded. */

import { startGateway } from "./gateway.ts";
import { printTable } from "./table.ts";

const MIB = 2 ** 20;
/** Bytes of a chunk, and how many are asked for at the same time. */
const LOADS: Record<string, { bytes: number; chunks: number }> = {
  "nothing": { bytes: 0, chunks: 0 },
  "24 delta chunks of 65 KB": { bytes: 65_000, chunks: 24 },
  "4 delta chunks of 64 MB": { bytes: 64 * MIB, chunks: 4 },
};
/** Milliseconds between looks, and for which they go on at least. */
const [PERIOD, LEAST] = [10, 2000];

/** Measures and prints; makes its file below `folder`. */
export async function benchTurns(folder: string): Promise<void> {
  const file = new Int32Array(16 * MIB + 64).map((_, i) => i % 1000);
  await Deno.writeFile(`${folder}/data.bin`, new Uint8Array(file.buffer));
  const refs: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
  for (const { bytes, chunks } of Object.values(LOADS)) {
    if (chunks === 0) continue;
    refs[`a${bytes}/.zarray`] = JSON.stringify({
      zarr_format: 2,
      shape: [bytes / 4 * chunks],
      chunks: [bytes / 4],
      dtype: "<i4",
      order: "C",
      fill_value: null,
      filters: [{ id: "delta", dtype: "<i4" }],
      compressor: null,
    });
    for (let c = 0; c < chunks; c++) {
      refs[`a${bytes}/${c}`] = [`file://${folder}/data.bin`, 4 * c, bytes];
    }
  }
  await Deno.writeTextFile(`${folder}/set.json`, JSON.stringify({ version: 1, refs }));
  const set = { url: `file://${folder}/set.json`, origins: [`file://${folder}/`] };
  await Deno.writeTextFile(`${folder}/catalog.json`, JSON.stringify({ datasets: { set } }));
  const gateway = await startGateway(`${folder}/catalog.json`);
  const url = `http://127.0.0.1:${gateway.port}`;
  try {
    await (await fetch(`${url}/set/zarr.json`)).body?.cancel();
    const rows: string[][] = [];
    for (const [title, { bytes, chunks }] of Object.entries(LOADS)) {
      const start = performance.now();
      let going = true;
      const decoding = Promise.all(
        Array.from({ length: chunks }, async (_, c) => {
          const response = await fetch(`${url}/set/a${bytes}/c/${c}`);
          if (response.status !== 200) throw new Error(`Chunk ${c} is ${response.status}`);
          for await (const _ of response.body!);
        }),
      ).then(() => performance.now() - start).finally(() => going = false);
      const waits: number[] = [];
      while (going || performance.now() - start < LEAST) {
        const asked = performance.now();
        await (await fetch(`${url}/-/health`)).body?.cancel();
        waits.push(performance.now() - asked);
        await new Promise((go) => setTimeout(go, PERIOD));
      }
      waits.sort((a, b) => a - b);
      const at = (part: number) => `${waits[Math.floor(part * (waits.length - 1))].toFixed(1)} ms`;
      rows.push([title, `${(await decoding).toFixed(0)} ms`, at(0.5), at(0.99), at(1)]);
    }
    printTable(["decoded meanwhile", "took", "health p50", "p99", "longest"], rows);
  } finally {
    await gateway.process.stop();
  }
}
