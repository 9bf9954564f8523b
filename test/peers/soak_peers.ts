/**
 * Soak: the origin is killed and comes back on the same port, again and again, under load. While it is
 * down answers are faults, or bodies that break off, or right bytes from the cache; and the first
 * request after it is back succeeds, whatever connections the gateway still holds to what was before.
 */

import assert from "node:assert/strict";
import { BodyCheck, LoadArchive } from "./load_archive.ts";
import { OriginProcess, pause, ServerProcess } from "./load_processes.ts";

const CLIENTS = 40;
const archive = new LoadArchive();
const check = new BodyCheck(archive);

interface Soak extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly origin: OriginProcess;
  /** The origin comes back: another process on the same port. */
  restart(): Promise<void>;
}

async function soak(latencyMs: number): Promise<Soak> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-soak-" });
  await Deno.writeFile(`${folder}/archive.bin`, archive.bytes);
  const start = { archive: `${folder}/archive.bin`, root: folder, latencyMs };
  let origin = await OriginProcess.start(start);
  await Deno.writeTextFile(`${folder}/set.json`, archive.references(origin.url));
  const server = await ServerProcess.start(folder, {
    // the index is not looked at again: its origin is the one that is down
    datasets: { set: { url: `${folder}/set.json`, origins: [origin.url] } },
  });
  return {
    server,
    get origin() {
      return origin;
    },
    async restart() {
      origin = await OriginProcess.start({ ...start, port: origin.port });
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await origin.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

let cold = 0;

/** A chunk that was not asked for before. */
function coldChunk() {
  const chunks = archive.arrays.get("pass-1024")!;
  const i = cold++;
  return { key: `pass-1024/c/${i}`, chunk: chunks[i % chunks.length] };
}

/** Asks for one chunk: the status, and what is wrong with the answer. */
async function ask(
  server: ServerProcess,
  { key, chunk }: ReturnType<typeof coldChunk>,
): Promise<{ status: number; problem?: string }> {
  const response = await fetch(`${server.url}/set/${key}`);
  const { status } = response;
  if (status !== 200) {
    const text = await response.text();
    const fault = [502, 503, 504].includes(status) && JSON.parse(text).status === status;
    return { status, problem: fault ? undefined : `${key}: ${status} ${text}` };
  }
  let body;
  try {
    body = await response.bytes();
  } catch {
    return { status: 0 }; // the body broke off
  }
  const problem = await check.problem(chunk, body);
  return { status, problem: problem && `${key}: ${problem}` };
}

/** Loads the server until it is told to stop; gives what was wrong, and how often each status came. */
function underLoad(server: ServerProcess) {
  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  let stopped = false;
  const client = async () => {
    while (!stopped) {
      const { status, problem } = await ask(server, archive.any(Math.random));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (problem) wrong.push(problem);
      // faults are quick: clients that would not wait at all would be all that runs
      if (status !== 200) await pause(5);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    statuses,
    async stop() {
      stopped = true;
      await clients;
      assert.deepEqual(wrong, []);
      return statuses;
    },
  };
}

for (const latencyMs of [5, 400]) {
  Deno.test(`an origin that is killed again and again under load, ${latencyMs} ms away`, async () => {
    await using at = await soak(latencyMs);
    const { server } = at;
    assert.deepEqual(await ask(server, coldChunk()), { status: 200, problem: undefined });
    const load = underLoad(server);
    const first: number[] = [];
    for (let round = 0; round < 5; round++) {
      await pause(1000);
      await at.origin.kill();
      await pause(1000 + round * 400);
      const down = await ask(server, coldChunk());
      assert.ok([502, 503, 504].includes(down.status), `${down.status} while it is down`);
      await at.restart();
      const back = await ask(server, coldChunk());
      assert.equal(back.problem, undefined);
      first.push(back.status);
    }
    const statuses = await load.stop();
    console.log(
      `  ${[...statuses].map(([status, n]) => `${status || "broke off"}: ${n}`).join(", ")}`,
    );
    assert.deepEqual(first, [200, 200, 200, 200, 200], "the first request after it was back");
    assert.ok(statuses.get(200)! > 100 && statuses.get(503)! > 100);
    assert.match(server.log, /"origin-down"/);
    assert.match(server.log, /"origin-back"/);
  });
}

/** Opens connections to the origin, as many as reads may be under way, and lets them be idle. */
async function fillPool({ server, origin }: Soak): Promise<number> {
  await origin.change({ hold: ".dat" });
  const answers = Array.from({ length: 64 }, () => ask(server, coldChunk()));
  while ((await origin.status()).connections < 64) await pause(20);
  await origin.change({});
  for (const { status, problem } of await Promise.all(answers)) {
    assert.deepEqual([status, problem], [200, undefined]);
  }
  return server.connections(origin.port).origin.length;
}

Deno.test("the first request after a restart, with kept connections whose end is known", async () => {
  await using at = await soak(5);
  for (let round = 0; round < 3; round++) {
    assert.ok(await fillPool(at) >= 64);
    await at.origin.kill();
    await at.restart();
    assert.deepEqual(await ask(at.server, coldChunk()), { status: 200, problem: undefined });
  }
});

Deno.test("the first request after a restart, come while the gateway had no time to see what ended", async () => {
  await using at = await soak(5);
  for (let round = 0; round < 3; round++) {
    assert.ok(await fillPool(at) >= 64);
    at.server.signal("SIGSTOP");
    await at.origin.kill();
    await at.restart();
    const answer = ask(at.server, coldChunk());
    await pause(100);
    at.server.signal("SIGCONT");
    assert.deepEqual(await answer, { status: 200, problem: undefined });
  }
});

Deno.test("the first request after a host that lost its power is back, with 64 dead connections", async () => {
  await using at = await soak(5);
  for (let round = 0; round < 3; round++) {
    assert.ok(await fillPool(at) >= 64);
    const before = at.origin;
    await before.vanish();
    await at.restart();
    const answer = await ask(at.server, coldChunk());
    await before.kill();
    assert.deepEqual(answer, { status: 200, problem: undefined });
  }
});
