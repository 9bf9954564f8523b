/**
 * A manifest of 1,000,000 virtual references against the reference Icechunk library: open and first
 * chunk, 10,000 random lookups, memory. Once with a file a reference, whose locations are all
 * different, once with a hundred files. What counts as a lookup there is told in icechunk_library.cjs.
 */

import { requestedRange } from "../../src/byte_range.ts";
import { type RunningGateway, startGateway } from "./gateway.ts";
import { nextLine, residentBytes, startPinned } from "./process.ts";
import { mebibytes, printTable, ratio } from "./table.ts";

const HERE = new URL(".", import.meta.url).pathname;
const PEERS_RUN = new URL("../peers/run", import.meta.url).pathname;
const PEERS_ROOT = Deno.env.get("PEERS_ROOT") ?? "/opt/peers";
const FIXTURE = new URL("../manifests/icechunk/fixtures/v2/", import.meta.url).href;

const ROWS = 1_000_000;
const LOOKUPS = 10_000;
/** Processes of each kind; the median counts. */
const STARTS = 3;
/** Lookups a second for 1,000,000 references on 4 threads, from the library's own documentation. */
const DOCUMENTED_LOOKUPS = 270_000;
const SETTLE_MS = 3000;
/** What an index may add to a server's memory. */
const MEMORY_AIM = 64 * 2 ** 20;

/** What one line of a reader says. */
interface Report {
  readonly what: "idle" | "first" | "lookups";
  readonly seconds: number;
  readonly resident: number;
}

/** Measures and prints. */
export async function benchIcechunk(folder: string): Promise<void> {
  try {
    await Deno.stat(`${PEERS_ROOT}/.peers-ready`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("  not run: the Icechunk library is missing; test/peers/setup installs it");
    return;
  }
  const data = serveZeros();
  try {
    for (const kind of ["distinct", "shared"]) {
      const repo = `${folder}/${kind}`;
      await Deno.mkdir(repo);
      console.log(`  writing ${ROWS} references, ${kind} locations …`);
      const made = startPinned(inPeers(folder, "make", repo, data.url, kind));
      while (!(await made.lines.next()).done);
      await made.stop();
      await compareReaders(folder, repo, data.url);
      await compareServers(folder, repo, data.url);
    }
  } finally {
    await data.close();
    for (const bound of [folder, HERE.replace(/\/$/, "")]) {
      await new Deno.Command("umount", { args: [`${PEERS_ROOT}${bound}`], stderr: "null" })
        .output();
    }
  }
}

/** A server that has every file, all of zeros. */
function serveZeros(): { url: string; close(): Promise<void> } {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const total = 2 ** 30;
    const range = requestedRange(request.headers.get("range"), total);
    if (typeof range !== "object") return new Response(null, { status: 416 });
    const { offset, length } = range;
    return new Response(new Uint8Array(length), {
      status: 206,
      headers: { "content-range": `bytes ${offset}-${offset + length - 1}/${total}` },
    });
  });
  return { url: `http://127.0.0.1:${server.addr.port}/`, close: () => server.shutdown() };
}

function inPeers(folder: string, mode: "make" | "read", repo: string, data: string, kind = "") {
  const script = `${HERE}icechunk_library.cjs`;
  return {
    command: PEERS_RUN,
    args: [
      ...["-b", `${folder}:${folder}`, "-b", `${HERE}:${HERE.replace(/\/$/, "")}`],
      ...["node", script, mode, repo, data, String(ROWS), kind],
    ],
  };
}

async function reportsOf(command: { command: string; args: string[] }): Promise<Report[]> {
  const process = startPinned(command);
  try {
    const reports: Report[] = [];
    while (reports.length < 3) reports.push(JSON.parse(await nextLine(process)));
    return reports;
  } finally {
    await process.stop();
  }
}

async function compareReaders(folder: string, repo: string, data: string): Promise<void> {
  const script = `${HERE}icechunk_references.ts`;
  const args = ["run", "-A", script, repo, data, String(ROWS)];
  const ours: Report[][] = [];
  const theirs: Report[][] = [];
  for (let i = 0; i < STARTS; i++) {
    theirs.push(await reportsOf(inPeers(folder, "read", repo, data)));
    ours.push(await reportsOf({ command: Deno.execPath(), args }));
  }
  const median = (runs: Report[][], value: (run: Report[]) => number) =>
    runs.map(value).sort((a, b) => a - b)[runs.length >> 1];
  const rows: string[][] = [];
  const add = (label: string, value: (run: Report[]) => number, show: (n: number) => string) => {
    const [x, y] = [median(ours, value), median(theirs, value)];
    rows.push([label, show(x), show(y), ratio(x, y)]);
  };
  const perSecond = ([, , lookups]: Report[]) => LOOKUPS / lookups.seconds;
  add("open and first chunk", ([, first]) => first.seconds, (s) => `${(s * 1000).toFixed(0)} ms`);
  add("random lookups a second", perSecond, (n) => n.toFixed(0));
  add("memory over an idle process", ([idle, , end]) => end.resident - idle.resident, mebibytes);
  printTable(["", "sluice", "icechunk", "sluice/icechunk"], rows);
  const documented = ratio(median(ours, perSecond), DOCUMENTED_LOOKUPS);
  console.log(
    `  lookups against the library's documented ${DOCUMENTED_LOOKUPS}/s: ${documented}\n`,
  );
}

/** Memory of a server whose clients ask for references of the large manifest, and of a small one. */
async function compareServers(folder: string, repo: string, data: string): Promise<void> {
  const catalog = `${folder}/catalog.json`;
  const datasets = {
    many: { url: `file://${repo}/`, format: "icechunk", origins: [data], maxAge: 3600 },
    few: { url: FIXTURE, format: "icechunk", maxAge: 3600 },
  };
  await Deno.writeTextFile(catalog, JSON.stringify({ datasets }));
  const path = (i: number) => {
    const n = Math.imul(i, 2654435761) >>> 0;
    return `sst/c/${n % 100}/${(n >>> 8) % 100}/${(n >>> 16) % 100}`;
  };
  const few = await serverMemory(catalog, () => "/-/refs/few/grid/c/0/1");
  const many = await serverMemory(catalog, (i) => `/-/refs/many/${path(i)}`);
  const rows = many.map(({ asked, bytes }, i) => {
    const more = bytes - few[i].bytes;
    return [
      `${asked} requests of /-/refs`,
      mebibytes(bytes),
      mebibytes(few[i].bytes),
      mebibytes(more),
      ratio(more, MEMORY_AIM),
    ];
  });
  const header = ["resident memory of the server", "1,000,000", "a few", "more", "more/64 MiB"];
  printTable(header, rows);
  console.log();
}

async function serverMemory(
  catalog: string,
  path: (i: number) => string,
): Promise<Array<{ asked: number; bytes: number }>> {
  const gateway: RunningGateway = await startGateway(catalog);
  try {
    const found: Array<{ asked: number; bytes: number }> = [];
    let asked = 0;
    for (const until of [1, 1_000, LOOKUPS]) {
      const ask = async () => {
        while (asked < until) {
          const response = await fetch(`http://127.0.0.1:${gateway.port}${path(asked++)}`);
          const text = await response.text();
          if (!response.ok) throw new Error(`The gateway answers ${response.status}: ${text}`);
        }
      };
      await Promise.all(Array.from({ length: 16 }, ask));
      // A large manifest goes on being sorted into columns after its first answer.
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      found.push({ asked: until, bytes: residentBytes(gateway.process.pid) });
    }
    return found;
  } finally {
    await gateway.process.stop();
  }
}
