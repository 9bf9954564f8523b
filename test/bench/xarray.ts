/**
 * What a user waits for: xarray reads 3 variables of 1,000 chunks of 100 KB, through the gateway and
 * by fsspec's reference filesystem, from the same origin at 0 and 20 ms. Needs the peers' root.
 */

import { runInRoot, sharedFolder } from "../peers/peer_root.ts";
import { startGateway } from "./gateway.ts";
import { cpuSeconds, nextLine, startPinned } from "./process.ts";
import { printTable, ratio } from "./table.ts";

const SLOW_ORIGIN = new URL("slow_origin.ts", import.meta.url).pathname;
const VARIABLES = 3;
const CHUNKS = 1000;
const CHUNK_BYTES = 100_000;
/** Runs of each way, in turn; the quickest counts. */
const RUNS = 3;

interface Reading {
  readonly open: number;
  readonly read: number;
  readonly sum: number;
}

/** Prints the table. */
export async function benchXarray(folder: string): Promise<void> {
  const shared = await sharedFolder();
  try {
    const data = `${folder}/data.bin`;
    await writeData(data);
    await Deno.copyFile(new URL("xarray.py", import.meta.url), `${shared.host}/xarray_read.py`);
    const rows: string[][] = [];
    for (const delay of [0, 20]) rows.push(...await compare(folder, shared, data, delay));
    printTable(
      ["origin", "open s", "read s", "in all", "origin requests", "gateway CPU s", "ratio"],
      rows,
    );
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
}

async function compare(
  folder: string,
  shared: { host: string; inside: string },
  data: string,
  delay: number,
): Promise<string[][]> {
  const origin = startPinned({
    command: Deno.execPath(),
    args: ["run", "--allow-net", "--allow-read", SLOW_ORIGIN, data, String(delay)],
  });
  const base = `http://127.0.0.1:${await nextLine(origin)}/`;
  const references = `${shared.host}/references.json`;
  await Deno.writeTextFile(references, referencesTo(`${base}data.bin`));
  // The chunk cache is off: every run reads every byte from the origin.
  const catalog = `${folder}/catalog.json`;
  await Deno.writeTextFile(
    catalog,
    JSON.stringify({
      datasets: { it: { url: references, origins: [base] } },
      limits: { chunkCacheBytes: 0 },
    }),
  );
  const gateway = await startGateway(catalog);
  const ways = {
    gateway: `http://127.0.0.1:${gateway.port}/it`,
    fsspec: `${shared.inside}/references.json`,
  };
  try {
    const best = new Map<string, Reading>();
    const requests = new Map<string, number>();
    let cpu = Infinity;
    for (let run = 0; run < RUNS; run++) {
      for (const [way, target] of Object.entries(ways)) {
        const before = await requestsSoFar(base);
        const cpuBefore = cpuSeconds(gateway.process.pid);
        const reading = await readBy(way, target, shared.inside);
        requests.set(way, await requestsSoFar(base) - before);
        if (way === "gateway") cpu = Math.min(cpu, cpuSeconds(gateway.process.pid) - cpuBefore);
        const known = best.get(way);
        if (!known || inAll(reading) < inAll(known)) best.set(way, reading);
      }
    }
    const [ours, theirs] = [best.get("gateway")!, best.get("fsspec")!];
    if (ours.sum !== theirs.sum) throw new Error("The two ways read other values");
    return Object.keys(ways).map((way) => {
      const reading = best.get(way)!;
      return [
        `${delay} ms, ${way}`,
        reading.open.toFixed(2),
        reading.read.toFixed(2),
        inAll(reading).toFixed(2),
        String(requests.get(way)),
        way === "gateway" ? cpu.toFixed(2) : "",
        // as a speed: above 1 the gateway is the quicker
        way === "gateway" ? ratio(inAll(theirs), inAll(ours)) : "",
      ];
    });
  } finally {
    await gateway.process.stop();
    await origin.stop();
  }
}

function inAll({ open, read }: Reading): number {
  return open + read;
}

async function requestsSoFar(base: string): Promise<number> {
  return Number(await (await fetch(`${base}requests`)).text());
}

async function readBy(way: string, target: string, inside: string): Promise<Reading> {
  const command = ["python3", `${inside}/xarray_read.py`, way, target];
  const { success, output, errors } = await runInRoot(command);
  if (!success) throw new Error(`${way}: ${errors}`);
  return JSON.parse(output.trim().split("\n").at(-1)!);
}

/** Bytes without a pattern, so that no layer gains by compressing them. */
async function writeData(path: string): Promise<void> {
  const words = new Uint32Array(VARIABLES * CHUNKS * CHUNK_BYTES / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) words[i] = state = (state * 1664525 + 1013904223) >>> 0;
  await Deno.writeFile(path, new Uint8Array(words.buffer));
}

function referencesTo(url: string): string {
  const refs: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
  const elements = CHUNK_BYTES / 2;
  for (let variable = 0; variable < VARIABLES; variable++) {
    const name = `v${variable}`;
    refs[`${name}/.zarray`] = JSON.stringify({
      zarr_format: 2,
      shape: [CHUNKS, elements],
      chunks: [1, elements],
      dtype: "<u2",
      order: "C",
      fill_value: null,
      compressor: null,
      filters: null,
    });
    refs[`${name}/.zattrs`] = '{"_ARRAY_DIMENSIONS":["time","x"]}';
    for (let i = 0; i < CHUNKS; i++) {
      refs[`${name}/${i}.0`] = [url, (variable * CHUNKS + i) * CHUNK_BYTES, CHUNK_BYTES];
    }
  }
  return JSON.stringify({ version: 1, refs });
}
