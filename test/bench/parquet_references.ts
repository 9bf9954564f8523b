/**
 * A large kerchunk Parquet set: how soon the first reference is there, what a random one costs and
 * how much memory that takes, against fsspec's LazyReferenceMapper.
 */

import { type RunningGateway, startGateway } from "./gateway.ts";
import { nextLine, type PinnedProcess, residentBytes, startPinned } from "./process.ts";
import { GRID, randomChunks } from "./random_chunks.ts";
import { mebibytes, printTable, ratio } from "./table.ts";

const HERE = new URL(".", import.meta.url).pathname;
const PEERS_RUN = new URL("../peers/run", import.meta.url).pathname;
const PEERS_ROOT = Deno.env.get("PEERS_ROOT") ?? "/opt/peers";
/** Where the peers' root sees this folder, and the reference sets. */
const [ROOT_HERE, ROOT_SETS] = ["/sluice-bench", "/sluice-bench-sets"];
/** Seconds for which fsspec is asked for random references; ours is asked for all 100,000. */
const FSSPEC_SECONDS = 20;
const STARTS = 3;

/** A line of open_references.ts or lazy_reference_mapper.py. */
interface Report {
  readonly asked: number;
  /** From the first reference to this one. */
  readonly seconds: number;
  readonly resident: number;
  readonly ref: [url: string, offset: number, length: number];
}

interface Reading {
  /** Seconds from the process's start to its first reference. */
  readonly first: number;
  readonly reports: Report[];
}

/** Measures and prints. The reference set stays in the temporary folder for the next run. */
export async function benchParquetReferences(folder: string): Promise<void> {
  if (!await exists(`${PEERS_ROOT}/.peers-ready`)) {
    console.log("  not run: fsspec and pyarrow missing; test/peers/setup installs them");
    return;
  }
  const sets = await referenceSets();
  const ours = (full: boolean) => {
    const script = `${HERE}open_references.ts`;
    return read({ command: Deno.execPath(), args: ["run", "-A", script, `${sets}/many`] }, full);
  };
  const theirs = (full: boolean) => {
    const limit = String(full ? FSSPEC_SECONDS : 0);
    return read(inPeers(sets, "lazy_reference_mapper.py", `${ROOT_SETS}/many`, limit), full);
  };
  const starts = { ours: [] as Reading[], theirs: [] as Reading[] };
  for (let i = 0; i < STARTS; i++) {
    starts.theirs.push(await theirs(i === STARTS - 1));
    starts.ours.push(await ours(i === STARTS - 1));
  }
  compare(starts.ours, starts.theirs);
  await compareServers(folder, sets);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

function inPeers(sets: string, script: string, ...args: string[]) {
  const binds = ["-b", `${HERE}:${ROOT_HERE}`, "-b", `${sets}:${ROOT_SETS}`];
  return { command: PEERS_RUN, args: [...binds, "python3", `${ROOT_HERE}/${script}`, ...args] };
}

/** The folder of the reference sets `many` and `one`, made if it is not there yet. */
async function referenceSets(): Promise<string> {
  const sets = `${Deno.env.get("TMPDIR") ?? "/tmp"}/sluice-bench-references`;
  await Deno.mkdir(sets, { recursive: true });
  for (const [name, days] of [["many", GRID[0]], ["one", 1]] as const) {
    if (await exists(`${sets}/${name}/.zmetadata`)) continue;
    console.log(`  writing ${sets}/${name} …`);
    const make = inPeers(sets, "make_parquet_references.py", `${ROOT_SETS}/${name}`, String(days));
    const { success } = await new Deno.Command(make.command, { args: make.args, stderr: "inherit" })
      .output();
    if (!success) throw new Error("make_parquet_references.py failed");
  }
  return sets;
}

/** Runs a reader, to its first reference or to its end. */
async function read(command: { command: string; args: string[] }, full: boolean): Promise<Reading> {
  const start = performance.now();
  const process = startPinned(command);
  try {
    const reports = [JSON.parse(await nextLine(process)) as Report];
    const first = (performance.now() - start) / 1000;
    if (full) {
      for (let line = await process.lines.next(); !line.done; line = await process.lines.next()) {
        reports.push(JSON.parse(line.value));
      }
    }
    return { first, reports };
  } finally {
    await process.stop();
  }
}

function compare(ours: readonly Reading[], theirs: readonly Reading[]): void {
  const [a, b] = [ours.at(-1)!.reports, theirs.at(-1)!.reports];
  for (const i of [0, 1]) {
    if (String(a[i].ref) === String(b[i].ref)) continue;
    throw new Error(`Reference ${a[i].asked} differs: ${a[i].ref} here, ${b[i].ref} in fsspec`);
  }
  const rows: string[][] = [];
  const add = (label: string, x: number, y: number, show: (n: number) => string) =>
    rows.push([label, show(x), show(y), ratio(x, y)]);
  const median = (readings: readonly Reading[]) =>
    readings.map((r) => r.first).sort((x, y) => x - y)[readings.length >> 1];
  add("process start to first reference", median(ours), median(theirs), (s) => `${s.toFixed(2)} s`);
  const each = (reports: Report[]) => {
    const [, warm, end] = reports;
    return (end.seconds - warm.seconds) / (end.asked - warm.asked);
  };
  add("a random reference once warm", each(a), each(b), (s) => `${(s * 1000).toFixed(3)} ms`);
  for (const i of [0, 1, 2]) {
    const [x, y] = [a[i], b[i]];
    const count = x.asked === y.asked ? x.asked : `${x.asked} (fsspec: ${y.asked})`;
    add(`resident after ${count} chunks`, x.resident, y.resident, mebibytes);
  }
  printTable(["", "sluice", "fsspec", "sluice/fsspec"], rows);
  console.log();
}

/** Memory of a server that is asked for references of many chunks, and of the same for one chunk. */
async function compareServers(folder: string, sets: string): Promise<void> {
  const catalog = `${folder}/catalog.json`;
  const dataset = (name: string) => ({ url: `file://${sets}/${name}/`, maxAge: 3600 });
  const datasets = { many: dataset("many"), one: dataset("one") };
  await Deno.writeTextFile(catalog, JSON.stringify({ datasets }));
  const one = await serverMemory(catalog, () => "/-/refs/one/sst/c/0/0/0");
  const chunks = randomChunks();
  const many = await serverMemory(
    catalog,
    () => `/-/refs/many/sst/c/${chunks.next().value.join("/")}`,
  );
  const rows = many.map(([asked, bytes], i) => [
    `${asked} requests of /-/refs`,
    mebibytes(bytes),
    mebibytes(one[i][1]),
    mebibytes(bytes - one[i][1]),
  ]);
  printTable(["resident memory of the server", "22,134,960 chunks", "one chunk", "more"], rows);
  console.log();
}

/** Bytes of a new server after 1, 1,000 and 100,000 requests, 16 at a time. */
async function serverMemory(
  catalog: string,
  path: () => string,
): Promise<Array<[asked: number, bytes: number]>> {
  const gateway = await startGateway(catalog);
  const started: PinnedProcess = gateway.process;
  try {
    const found: Array<[number, number]> = [];
    let asked = 0;
    for (const until of [1, 1_000, 100_000]) {
      const ask = async () => {
        while (asked < until) {
          asked++;
          await askOne(gateway, path());
        }
      };
      await Promise.all(Array.from({ length: 16 }, ask));
      found.push([until, residentBytes(started.pid)]);
    }
    return found;
  } finally {
    await started.stop();
  }
}

async function askOne({ port }: RunningGateway, path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${text}`);
}
