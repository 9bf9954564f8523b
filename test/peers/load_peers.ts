/**
 * Load: 200 connections at mixed sizes over an origin that is slow and fails, and 1,000 requests for one
 * cold chunk. The server is `main.ts serve` in a process of its own, with exactly the permissions that
 * `main.ts permissions` names.
 *
 * `LOAD_SECONDS=10` makes the load shorter.
 */

import assert from "node:assert/strict";
import { archiveFiles, storedChunk } from "../faults/matrix_archive.ts";
import { BodyCheck, LoadArchive, type Tier } from "./load_archive.ts";
import { OriginProcess, pause, ServerProcess } from "./load_processes.ts";
import { simultaneously } from "./load_requests.ts";

const SECONDS = Number(Deno.env.get("LOAD_SECONDS") ?? 60);
const CONNECTIONS = 200;
/** Reads of one origin that may be under way, by default. */
const PLACES = 64;
const MiB = 2 ** 20;
/**
 * Bytes that the server's memory may grow by after the first third of the load. The median of a few
 * seconds goes up and down by a third of this with what is garbage just then; twenty thousand requests
 * that left 4 KB each behind would be over it.
 */
const GROWTH = 64 * MiB;
/**
 * glibc then gives back what is free, so that the resident memory is the memory in use. By its defaults
 * it keeps free pieces, and comes to its plateau only after minutes (seen: 790 MiB after 80 s, 802 MiB
 * after 240 s and 140,000 requests).
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "131072" };

interface Setup extends AsyncDisposable {
  readonly archive: LoadArchive;
  readonly origin: OriginProcess;
  readonly server: ServerProcess;
  readonly check: BodyCheck;
}

const archive = new LoadArchive();

/** An origin with the archive and the fault matrix's sets, and a server over it. */
async function setup(): Promise<Setup> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-load-" });
  await Deno.writeFile(`${folder}/archive.bin`, archive.bytes);
  const origin = await OriginProcess.start({ archive: `${folder}/archive.bin`, root: folder });
  await Deno.writeTextFile(`${folder}/set.json`, archive.references(origin.url));
  for (const [path, bytes] of archiveFiles(`${origin.url}matrix/`)) {
    const file = `${folder}/matrix/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(file, bytes);
  }
  const dataset = (path: string) => ({ url: origin.url + path, origins: [origin.url] });
  const server = await ServerProcess.start(folder, {
    datasets: {
      load: dataset("set.json"),
      uncached: { ...dataset("set.json"), validate: false },
      parquet: dataset("matrix/set.parq"),
      icechunk: { ...dataset("matrix/v2"), format: "icechunk" },
    },
  }, { env: ALLOCATOR });
  return {
    archive,
    origin,
    server,
    check: new BodyCheck(archive),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await origin.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** What the clients of a load saw. */
class Tally {
  readonly wrong: string[] = [];
  readonly statuses = new Map<number, number>();
  requests = 0;
  bytes = 0;
  /** Bodies that broke off: an error at the client, as it should be. */
  aborted = 0;
  left = 0;

  /** Answers that are faults, and bodies that broke off. */
  get faults(): number {
    const bad = [...this.statuses].filter(([status]) => status >= 400);
    return bad.reduce((sum, [, count]) => sum + count, this.aborted);
  }
}

/** One client: asks for chunks, one after the other, until the time is over. */
async function client(
  { archive, server, check }: Setup,
  http: Deno.HttpClient,
  until: number,
  tally: Tally,
): Promise<void> {
  while (performance.now() < until) {
    const { key, chunk } = archive.any(Math.random);
    const kind = Math.random();
    const expected = archive.expected(chunk);
    const part = kind < 0.1 && expected
      ? { from: Math.floor(Math.random() * (expected.length / 2)), to: expected.length - 2 }
      : undefined;
    const headers = part ? { range: `bytes=${part.from}-${part.to}` } : undefined;
    tally.requests++;
    const response = await fetch(`${server.url}/load/${key}`, { headers, client: http });
    const { status } = response;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    if (status >= 400) {
      const type = response.headers.get("content-type");
      const problem = await response.text();
      const known = [502, 503, 504].includes(status) && type === "application/problem+json";
      if (!known) tally.wrong.push(`${key}: ${status} ${problem}`);
      continue;
    }
    if (kind > 0.98) {
      // a client that leaves in the middle
      tally.left++;
      const reader = response.body!.getReader();
      await reader.read().catch(() => tally.aborted++);
      await reader.cancel().catch(() => undefined);
      continue;
    }
    let body;
    try {
      body = await response.bytes();
    } catch {
      tally.aborted++;
      continue;
    }
    tally.bytes += body.length;
    if (status !== (part ? 206 : 200)) tally.wrong.push(`${key}: status ${status}`);
    const problem = part
      ? same(body, expected!.subarray(part.from, part.to + 1))
      : await check.problem(chunk, body);
    if (problem) tally.wrong.push(`${key}${part ? " in part" : ""}: ${problem}`);
  }
}

function same(body: Uint8Array, expected: Uint8Array): string | undefined {
  const equal = body.length === expected.length && body.every((byte, i) => byte === expected[i]);
  return equal ? undefined : `${body.length} bytes that are not those of the range`;
}

/** Waits until `value` is what it should be, for as long as connections may idle. */
async function settles<T>(value: () => T, settled: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 120; tries++) {
    if (settled(value())) break;
    await pause(250);
  }
  return value();
}

/** As many reads may be under way as before: none that failed or was left has kept its place. */
async function assertPlaces({ origin, server, archive }: Setup): Promise<void> {
  await origin.change({ hold: ".dat" });
  await origin.reset();
  const chunks = archive.arrays.get("pass-1024")!;
  using client = Deno.createHttpClient({});
  // by a range that no client of the load has asked for, so that none comes from the cache
  const answers = chunks.map(async (chunk, i) => {
    const headers = { range: `bytes=${i + 1}-${1000 - i}` };
    const response = await fetch(`${server.url}/load/pass-1024/c/${i}`, { headers, client });
    const expected = archive.expected(chunk)!.subarray(i + 1, 1001 - i);
    return [response.status, same(await response.bytes(), expected)];
  });
  const underWay = async () => (await origin.status()).peak;
  for (let tries = 0; tries < 100 && await underWay() < PLACES; tries++) await pause(50);
  const { peak } = await origin.change({});
  for (const answer of await Promise.all(answers)) assert.deepEqual(answer, [206, undefined]);
  assert.equal(peak, PLACES, "reads under way");
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const inMiB = (bytes: number) => (bytes / MiB).toFixed(0);

Deno.test(`${CONNECTIONS} connections for ${SECONDS} s over a slow, failing origin: no wrong byte, nothing leaks`, async () => {
  await using load = await setup();
  const { origin, server, archive, check } = load;
  // an answer of each kind, so that what is loaded once is loaded
  for (const [array, chunks] of archive.arrays) {
    const response = await fetch(`${server.url}/load/${array}/c/0`);
    assert.equal(response.status, 200, array);
    assert.equal(await check.problem(chunks[0], await response.bytes()), undefined, array);
  }
  const quiet = () => {
    const { origin: reads, clients } = server.connections(origin.port);
    return reads.length + clients.length <= 1;
  };
  await settles(quiet, (is) => is);
  const descriptorsBefore = server.descriptors();

  await origin.change({ latencyMs: 20, failures: 0.01 });
  await origin.reset();
  const tally = new Tally();
  const start = performance.now();
  const until = start + SECONDS * 1000;
  const samples: number[] = [];
  let most = 0;
  const sampling = (async () => {
    while (performance.now() < until) {
      samples.push(server.resident());
      most = Math.max(most, server.connections(origin.port).clients.length);
      await pause(250);
    }
  })();
  const http = Deno.createHttpClient({ poolMaxIdlePerHost: CONNECTIONS });
  await Promise.all(Array.from({ length: CONNECTIONS }, () => client(load, http, until, tally)));
  await sampling;
  http.close();
  const seconds = (performance.now() - start) / 1000;
  const status = await origin.status();
  await origin.change({ latencyMs: 0, failures: 0 });

  await assertPlaces(load);

  const third = Math.floor(samples.length / 3);
  const warm = median(samples.slice(third, third + Math.ceil(third / 2)));
  const end = median(samples.slice(-Math.ceil(third / 2)));
  const statuses = [...tally.statuses].map(([code, count]) => `${code}: ${count}`).join(", ");
  console.log(
    `  ${tally.requests} requests (${(tally.requests / seconds).toFixed(0)}/s, ` +
      `${inMiB(tally.bytes / seconds)} MiB/s) on up to ${most} connections: ${statuses}; ` +
      `${tally.aborted} broke off, ${tally.left} left\n` +
      `  ${status.total} reads of the origin, ${status.peak} at once; failed: ` +
      `${JSON.stringify(status.failed)}\n` +
      `  memory: ${inMiB(samples[0])} MiB at first, ${inMiB(warm)} warm, ${
        inMiB(end)
      } at the end, ` +
      `${inMiB(Math.max(...samples))} at most`,
  );
  const internal = server.log.split("\n").filter((line) => line.includes('"internal"'));
  assert.deepEqual(internal, []);
  assert.deepEqual(tally.wrong, []);
  assert.ok(most >= CONNECTIONS, `${most} connections`);
  for (const kind of ["500", "503", "reset", "short"]) assert.ok(status.failed[kind] > 0, kind);
  // three failures in a row are one in a million; most that is left are bodies that broke off
  assert.ok(tally.faults <= tally.requests * 0.005, `${tally.faults} of ${tally.requests}`);
  assert.ok(status.peak <= PLACES, `${status.peak} reads at once`);
  assert.ok(end - warm < GROWTH, `${inMiB(end - warm)} MiB more than when it was warm`);

  await settles(quiet, (is) => is);
  const left = server.connections(origin.port);
  assert.deepEqual(left.origin, [], "connections to the origin");
  assert.ok(left.clients.length <= 1, `${left.clients.length} clients' connections`);
  const descriptors = server.descriptors();
  assert.ok(
    descriptors.length <= descriptorsBefore.length + 1,
    `${descriptors.length} descriptors, ${descriptorsBefore.length} before: ${descriptors}`,
  );
});

/**
 * Asks for `path` on 1,000 connections of a server whose origin answers nothing below `held` before all
 * of them were read; counts what the origin was asked for.
 */
async function asked({ origin, server }: Setup, path: string, held: string, method = "GET") {
  await origin.reset();
  await origin.change({ hold: held });
  const answers = await simultaneously(server.port, path, MANY, {
    method,
    async sent() {
      const ready = () => {
        const { clients } = server.connections(origin.port);
        return clients.filter(({ unread }) => unread === 0).length;
      };
      while (ready() < MANY) await pause(50);
      await pause(200); // from the socket to the handler
      await origin.change({});
    },
  });
  return { answers, requests: (await origin.status()).requests };
}

const MANY = 1000;
const TIERS: Tier[] = ["pass", "frame", "transcode"];

Deno.test(`${MANY} simultaneous requests for one cold chunk make one read`, async (t) => {
  await using load = await setup();
  let copy = 0;
  // with and without the chunk cache
  for (const id of ["load", "uncached"]) {
    await (await fetch(`${load.server.url}/${id}/zarr.json`)).bytes();
    for (const tier of TIERS) {
      await t.step(`${tier}, ${id}`, async () => {
        const array = `${tier}-${128 << 10}`;
        const chunks = archive.arrays.get(array)!;
        const file = `/copy-${++copy}.dat`;
        const path = `/${id}/${array}/c/${copy * chunks.length}`;
        const { answers, requests } = await asked(load, path, file);
        for (const { status, body } of answers) {
          assert.equal(status, 200);
          assert.equal(await load.check.problem(chunks[0], body), undefined);
        }
        assert.deepEqual(requests, { [file]: 1 });
      });
    }
  }
});

Deno.test(`${MANY} simultaneous requests over a cold Parquet set read each file of it once`, async () => {
  await using load = await setup();
  const { answers, requests } = await asked(load, "/parquet/pass/c/0", "/matrix/");
  const expected = storedChunk("pass", 0);
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    assert.equal(same(body, expected), undefined);
  }
  assert.deepEqual(requests, {
    "/matrix/set.parq/.zmetadata": 1,
    "/matrix/set.parq/pass/refs.0.parq": 1,
    "/matrix/archive.bin": 1,
  });
  // the other partition, cold, of a set that is open: it proves that the chunk is absent
  const second = await asked(load, "/parquet/pass/c/7", "refs.1.parq");
  assert.ok(second.answers.every(({ status }) => status === 404));
  assert.deepEqual(second.requests, { "/matrix/set.parq/pass/refs.1.parq": 1 });
});

Deno.test(`${MANY} simultaneous requests over a cold Icechunk repository read each file of it once`, async () => {
  await using load = await setup();
  const { answers, requests } = await asked(load, "/icechunk/pass/c/0", "/matrix/", "HEAD");
  for (const { status, head } of answers) {
    assert.equal(status, 200);
    assert.match(head, /\r\ncontent-length: 2000\r\n/i);
  }
  const kinds = Object.entries(requests).map(([path, count]) => [path.split("/")[3], count]);
  assert.deepEqual(Object.fromEntries(kinds), { repo: 1, snapshots: 1, manifests: 1 });
  assert.equal(kinds.length, 3);
});
