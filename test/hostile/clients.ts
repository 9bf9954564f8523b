/** What clients do: names, connections, reading nothing, asking in pieces, making names up. */

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { pause } from "../peers/load_processes.ts";
import { type Attack, type Group, say, type Scene, tally } from "./attack.ts";
import { jsonSet, references } from "./sets.ts";

const MiB = 2 ** 20;

/** Sends `count` requests of `path(i)` over a few connections, and gives the statuses. */
async function pipelined(
  scene: Scene,
  count: number,
  path: (i: number) => string,
): Promise<string[]> {
  const statuses: string[] = [];
  const work = async (worker: number) => {
    for (let i = worker; i < count; i += WORKERS) {
      const { status, type } = await scene.get(path(i));
      statuses.push(`${status} ${type}`.trim());
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
  return statuses;
}
const WORKERS = 16;

/** Opens `count` connections that say `text` and nothing more; gives those that were accepted. */
async function crowd(scene: Scene, count: number, text: string): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) {
    const connection = await scene.connect().catch(() => undefined);
    if (!connection) continue;
    await say(connection, text);
    connections.push(connection);
  }
  return connections;
}

function close(connections: readonly Deno.TcpConn[]): void {
  for (const connection of connections) connection.close();
}

/** The status of each answer that has begun to come; "nothing" where none has. */
async function begun(connections: readonly Deno.TcpConn[]): Promise<string[]> {
  return await Promise.all(connections.map(async (connection) => {
    const buffer = new Uint8Array(64);
    const count = await Promise.race([
      connection.read(buffer).catch(() => null),
      pause(10_000).then(() => undefined),
    ]);
    if (count === undefined) return "nothing";
    if (count === null) return "closed";
    return new TextDecoder().decode(buffer.subarray(9, 12));
  }));
}

const names: Attack[] = [
  {
    point: "Clients 1",
    name: "1,000 keys of 60 KB, each another",
    before: "60,000 of them ended the process: each key was cached as if it weighed nothing",
    run: async (scene) => {
      const long = "k".repeat(60_000);
      const statuses = await pipelined(scene, 1000, (i) => `honest/${i}${long}/zarr.json`);
      assert.ok(statuses.every((status) => status.startsWith("414")), tally(statuses));
      return tally(statuses);
    },
  },
  {
    point: "Clients 1",
    name: "5,000 keys of 3.9 KB, each another",
    before: "as with longer ones",
    run: async (scene) => {
      const long = "k".repeat(3900);
      const statuses = await pipelined(scene, 5000, (i) => `honest/${i}${long}/zarr.json`);
      assert.deepEqual(new Set(statuses), new Set(["404 not-found"]));
      return tally(statuses);
    },
  },
];

const CROWDS: ReadonlyArray<readonly [what: string, text: string]> = [
  ["say nothing", ""],
  ["say half a head", "GET /-/health HTTP/1.1\r\nhost: x\r\na: "],
  ["stay after their answer", "GET /-/health HTTP/1.1\r\nhost: x\r\n\r\n"],
];

/** @param files descriptors that the process may have */
const connections = (files: number): Attack[] =>
  CROWDS.map(([what, text]) => ({
    point: "Clients 2",
    name: `1,500 connections that ${what}, over ${files} file descriptors`,
    before: "1,000 ended the process: EMFILE on accept",
    run: async (scene) => {
      const open = await crowd(scene, 1500, text);
      await pause(1000);
      const kept = scene.server.sockets().filter(({ localPort, state }) =>
        localPort === scene.server.port && state === 1
      ).length;
      close(open);
      assert.ok(kept < files);
      return `${open.length} taken, ${kept} kept`;
    },
  }));

const heads: Attack[] = [
  {
    point: "Clients 2",
    name: "20 heads that never end",
    before: "the connections stayed for ever",
    run: async (scene) => {
      const open = await crowd(scene, 20, "GET / HTTP/1.1\r\nhos");
      // what comes, if anything, is a fault; then the connection ends
      for (const connection of open) await new Response(connection.readable).text();
      return `${open.length} dropped`;
    },
  },
];

const ELEMENTS_8 = 8 * MiB / 4;
const ELEMENTS_64 = 64 * MiB / 4;

/** Connections that ask for one key and read only the head of the answer. */
async function unread(
  scene: Scene,
  count: number,
  path: string,
  fields = "",
): Promise<string> {
  await (await fetch(`${scene.server.url}/${path}`)).bytes(); // what is cached is held already
  const text = `GET /${path} HTTP/1.1\r\nhost: x\r\n${fields}\r\n`;
  const open = await crowd(scene, count, text);
  const statuses = await begun(open);
  await pause(500);
  close(open);
  return tally(statuses);
}

const readers: Attack[] = [
  {
    point: "Clients 3",
    name: "400 clients that do not read a cached chunk of 8 MiB",
    before: "3 GB held",
    datasets: (at) => ({ eight: jsonSet(at, "eight.json") }),
    files: (at) => ({
      "/eight.json": JSON.stringify(
        references({ shape: [ELEMENTS_8], chunks: [ELEMENTS_8] }, {
          0: [`${at}eight.bin`, 0, 8 * MiB],
        }),
      ),
      "/eight.bin": new Uint8Array(8 * MiB),
    }),
    run: (scene) => unread(scene, 400, "eight/a/c/0"),
  },
  {
    point: "Clients 3",
    name: "100 GDALs that do not read a chunk of 64 MiB",
    before: "7.9 GB held",
    datasets: (at) => ({ sixtyfour: jsonSet(at, "sixtyfour.json") }),
    files: (at) => ({
      "/sixtyfour.json": JSON.stringify(
        references({ shape: [ELEMENTS_64], chunks: [ELEMENTS_64] }, {
          0: [`${at}sixtyfour.bin`, 0, 64 * MiB],
        }),
      ),
      "/sixtyfour.bin": new Uint8Array(64 * MiB),
    }),
    run: (scene) => unread(scene, 100, "sixtyfour/a/c/0", "user-agent: GDAL/3.13.3\r\n"),
  },
];

const deltas = deflateSync(new Uint8Array(32 * MiB).fill(1), { level: 1 });
const pieces: Attack[] = [
  {
    point: "Clients 4",
    name: "HEAD and 200 small ranges of a chunk that is decoded here to 32 MiB",
    before: "each decoded it anew",
    datasets: (at) => ({ pieces: jsonSet(at, "pieces.json") }),
    files: (at) => ({
      "/pieces.json": JSON.stringify(
        references({
          shape: [8 * MiB],
          chunks: [8 * MiB],
          filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
          compressor: { id: "zlib", level: 1 },
        }, { 0: [`${at}pieces.bin`, 0, deltas.length] }),
      ),
      "/pieces.bin": deltas,
    }),
    run: async (scene) => {
      const path = "pieces/a/c/0";
      const statuses = [`HEAD ${(await scene.get(path, { method: "HEAD" })).status}`];
      for (let i = 0; i < 200; i++) {
        const range = `bytes=${i * 10}-${i * 10 + 9}`;
        const { status, type } = await scene.get(path, { headers: { range } });
        statuses.push(`${status} ${type}`.trim());
      }
      const reads = scene.origin.asked("/pieces.bin");
      assert.ok(reads <= 3, `read ${reads} times`);
      return `${tally(statuses)}; read ${reads} times`;
    },
  },
];

const rates: Attack[] = [
  {
    point: "Clients 5",
    name: "600 requests with 600 made-up tokens",
    before: "each unknown token had a rate of its own, and a place in memory",
    datasets: (at) => ({ closed: { ...jsonSet(at, "closed.json"), tokens: ["right"] } }),
    files: () => ({ "/closed.json": JSON.stringify(references({}, {})) }),
    run: async (scene) => {
      const statuses: string[] = [];
      for (let i = 0; i < 600; i++) {
        const headers = { authorization: `Bearer made-up-${i}` };
        const { status, type } = await scene.get("closed/zarr.json", { headers });
        statuses.push(`${status} ${type}`.trim());
      }
      assert.ok(statuses.includes("429 rate-limited"), tally(statuses));
      return tally(statuses);
    },
  },
];

const versions: Attack[] = [
  {
    point: "Clients 5",
    name: "300 versions that no index has",
    before: "each was a read of the index",
    datasets: (at) => ({ versions: { url: `${at}v2/`, format: "icechunk", maxAge: 60 } }),
    files: () => {
      const folder = new URL("../fixtures/icechunk/v2/", import.meta.url);
      return { "/v2/repo": Deno.readFileSync(new URL("repo", folder)) };
    },
    run: async (scene) => {
      const statuses = await pipelined(scene, 300, (i) => `versions@nothing-${i}/zarr.json`);
      const reads = scene.origin.asked("/v2/");
      assert.ok(reads <= 3, `${reads} reads`);
      return `${tally(statuses)}; ${reads} reads`;
    },
  },
];

/** Those whose limits differ have a process of their own. */
export const CLIENTS: readonly Group[] = [
  { attacks: [...names, ...connections(1024), ...readers, ...pieces, ...versions] },
  {
    attacks: [...connections(200), ...heads],
    files: 200,
    limits: { connections: 5000, requestTimeoutMs: 2000 },
  },
  { attacks: rates, limits: { requestsPerSecondPerAddress: 100, requestsPerSecondPerToken: 100 } },
];
