/**
 * Chunk serving: the gateway against nginx and a bare Deno proxy with the same ranges, and against the
 * origin itself, each on as many cores as the others; wrk and the origin run on the other cores.
 */

import { startBareProxy, startGateway, startParallelGateway } from "./gateway.ts";
import { startFileServer, startProxy } from "./nginx.ts";
import { missingPrograms, type PinnedProcess } from "./process.ts";
import {
  chunkCount,
  expectedBytes,
  servedReferences,
  type Tier,
  writeServedFile,
} from "./served_file.ts";
import { printTable, ratio } from "./table.ts";
import { type Load, load, median, type Requests } from "./wrk.ts";

const SIZES = [4096, 102400, 1048576];
/** Seconds of one load, and how often each contender is loaded, in turn; the median counts. */
const SECONDS = 1;
const ROUNDS = 3;
/** Seconds for which the gateway is loaded before, so that its code is compiled. */
const WARM_SECONDS = 4;

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly process: PinnedProcess;
  mode(size: number): string;
}

/** Measures and prints; makes its file below `folder`. */
export async function benchServing(folder: string): Promise<void> {
  const missing = missingPrograms(["nginx", "wrk", "taskset"]);
  if (missing.length > 0) {
    console.log(`  not run: ${missing.join(", ")} missing; apt-get install nginx wrk util-linux`);
    return;
  }
  const cores = Array.from({ length: navigator.hardwareConcurrency }, (_, i) => i);
  // nginx's workers run as another user, who must be able to read the file
  await Deno.chmod(folder, 0o755);
  await writeServedFile(`${folder}/data.bin`);
  await measure(folder, cores.slice(0, 1), cores.length > 1 ? cores.slice(1) : cores, false);
  if (cores.length > 1) {
    await measure(folder, cores.slice(0, 2), cores.length > 3 ? cores.slice(2) : cores, true);
  }
}

async function measure(
  folder: string,
  serverCores: readonly number[],
  clientCores: readonly number[],
  parallel: boolean,
): Promise<void> {
  const started: PinnedProcess[] = [];
  const track = <T extends { process: PinnedProcess }>(server: T): T => {
    started.push(server.process);
    return server;
  };
  try {
    const origin = track(await startFileServer(folder, clientCores.slice(0, 1)));
    const direct = track(await startFileServer(folder, serverCores));
    const nginx = track(await startProxy(folder, origin.port, serverCores));
    const catalog = await writeCatalog(folder, origin.port);
    const start = parallel ? startParallelGateway : startGateway;
    const gateway = track(await start(catalog, serverCores));
    const bare = track(await startBareProxy(origin.port, serverCores));
    const contenders: Contender[] = [
      { ...nginx, name: "nginx", mode: () => "proxy" },
      { ...bare, name: "a bare Deno proxy", mode: () => "proxy" },
      { ...gateway, name: "sluice pass", mode: (size) => `/bench/pass/${size}` },
      { ...gateway, name: "sluice frame", mode: (size) => `/bench/frame/${size}` },
      { ...direct, name: "the origin itself", mode: () => "range" },
    ];
    await checkAnswers(gateway.port);
    const command = parallel ? "deno serve --parallel main.ts" : "main.ts serve";
    console.log(
      `  ${command} and nginx on ${serverCores.length} core(s) each; ` +
        `16 connections; client and origin on core(s) ${clientCores.join(",")}\n`,
    );
    const rows: string[][] = [];
    await warm(contenders.slice(1, 4), SIZES[0], clientCores);
    for (const size of SIZES) {
      const loads = new Map<Contender, Load[]>(contenders.map((c) => [c, []]));
      for (const contender of Array.from({ length: ROUNDS }, () => contenders).flat()) {
        const requests = requestsOf(contender, size);
        const { port, process } = contender;
        loads.get(contender)!.push(await load(port, process.pid, requests, SECONDS, clientCores));
      }
      const peers = contenders.slice(0, 2).map((peer) => median(loads.get(peer)!));
      for (const contender of contenders) {
        rows.push(row(size, contender.name, median(loads.get(contender)!), peers));
      }
    }
    printTable(
      [
        "",
        ...["requests/s", "of nginx", "of bare"],
        ...["CPU/request", "of nginx", "of bare"],
        ...["p50", "p99", "MB/s"],
      ],
      rows,
    );
    console.log();
  } finally {
    for (const process of started.reverse()) await process.stop();
  }
}

function requestsOf(contender: Contender, size: number): Requests {
  return { mode: contender.mode(size), size, count: chunkCount(size) };
}

/** Loads without measuring. */
async function warm(
  contenders: readonly Contender[],
  size: number,
  cores: readonly number[],
): Promise<void> {
  for (const contender of contenders) {
    await load(
      contender.port,
      contender.process.pid,
      requestsOf(contender, size),
      WARM_SECONDS,
      cores,
    );
  }
}

function row(size: number, name: string, load: Load, peers: readonly Load[]): string[] {
  const rate = (l: Load) => l.requests / l.seconds;
  const cpu = (l: Load) => l.cpu / l.requests;
  const label = size < 2 ** 20 ? `${size / 1024} KB` : `${size / 2 ** 20} MB`;
  return [
    `${label.padStart(6)}  ${name}`,
    rate(load).toFixed(0),
    ...peers.map((peer) => ratio(rate(load), rate(peer))),
    `${(cpu(load) * 1e6).toFixed(0)} µs`,
    ...peers.map((peer) => ratio(cpu(load), cpu(peer))),
    `${load.p50.toFixed(2)} ms`,
    `${load.p99.toFixed(2)} ms`,
    (load.bytes / load.seconds / 1e6).toFixed(0),
  ];
}

async function writeCatalog(folder: string, originPort: number): Promise<string> {
  const origin = `http://127.0.0.1:${originPort}/`;
  await Deno.writeTextFile(
    `${folder}/references.json`,
    servedReferences(`${origin}data.bin`, SIZES),
  );
  const dataset = { url: `file://${folder}/references.json`, origins: [origin], maxAge: 3600 };
  const path = `${folder}/catalog.json`;
  await Deno.writeTextFile(path, JSON.stringify({ datasets: { bench: dataset } }));
  return path;
}

/** A fast wrong answer is worth nothing: some chunks are compared with the file first. */
async function checkAnswers(port: number): Promise<void> {
  for (const size of SIZES) {
    for (const tier of ["pass", "frame"] satisfies Tier[]) {
      for (const index of [0, 1, chunkCount(size) - 1]) {
        const response = await fetch(`http://127.0.0.1:${port}/bench/${tier}/${size}/c/${index}`);
        const bytes = await response.bytes();
        const payload = tier === "pass" ? bytes : bytes.subarray(24);
        const expected = expectedBytes(index * size, size);
        const equal = response.status === 200 && payload.length === size &&
          payload.every((byte, i) => byte === expected[i]);
        if (!equal) throw new Error(`Chunk ${index} of ${tier}/${size} is not that of the file`);
      }
    }
  }
}
