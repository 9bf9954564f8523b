/** Connections: too many, idle, half-said, and unread. */

import assert from "node:assert/strict";
import { AttackedGateway } from "./gateway_process.ts";

/** Milliseconds within which health is answered, on a machine with other things to do. */
const HEALTHY_MS = 1000;

/** Opens `count` connections, each of which says `text`; those that the system refuses are left out. */
async function crowd(
  gateway: AttackedGateway,
  count: number,
  text: string,
): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) {
    const conn = await gateway.connect().catch(() => undefined);
    if (!conn) continue;
    await conn.write(new TextEncoder().encode(text)).catch(() => {});
    connections.push(conn);
  }
  return connections;
}

const CROWDS: Array<[what: string, text: string]> = [
  ["say nothing", ""],
  ["say half a head", "GET /-/health HTTP/1.1\r\nhost: x\r\na: "],
  ["stay after their answer", "GET /-/health HTTP/1.1\r\nhost: x\r\n\r\n"],
];
for (const [what, text] of CROWDS) {
  for (const [nofile, limits] of [[1024, {}], [200, { connections: 5000 }]] as const) {
    Deno.test(`1,500 connections that ${what} keep nobody out, with ${nofile} file descriptors`, async () => {
      await using gateway = await AttackedGateway.start({ nofile, limits });
      await gateway.honest();
      const connections = await crowd(gateway, 1500, text);
      for (let i = 0; i < 5; i++) {
        assert.ok(await gateway.health() < HEALTHY_MS);
        await gateway.honest();
      }
      for (const conn of connections) conn.close();
      assert.ok(await gateway.health() < HEALTHY_MS);
    });
  }
}

Deno.test("half heads are dropped after requestTimeoutMs", async () => {
  await using gateway = await AttackedGateway.start({ limits: { requestTimeoutMs: 500 } });
  const connections = await crowd(gateway, 20, "GET / HTTP/1.1\r\nhos");
  const ends = connections.map((conn) => conn.read(new Uint8Array(1)).catch(() => null));
  assert.deepEqual(new Set(await Promise.all(ends)), new Set([null]));
  for (const conn of connections) conn.close();
});

Deno.test("thousands of requests with keys of 4 KB and of 60 KB leave nothing behind", async () => {
  await using gateway = await AttackedGateway.start();
  await gateway.honest();
  const before = await gateway.memory();
  const work = async (worker: number) => {
    for (let i = 0; i < 400; i++) {
      const name = `${worker}-${i}-`.padEnd(3900, "k");
      const response = await fetch(`${gateway.url}/set/${name}/zarr.json`);
      await response.body?.cancel();
      assert.equal(response.status, 404);
      if (i % 20 > 0) continue;
      const long = await gateway.connect();
      await long.write(new TextEncoder().encode(`GET /set/${"k".repeat(60_000)} HTTP/1.1\r\n`))
        .catch(() => {});
      long.close();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
  assert.ok(await gateway.health() < HEALTHY_MS);
  await gateway.honest();
  assert.ok(await gateway.memory() - before < 300 * 2 ** 20);
});

Deno.test("a log that cannot be written changes no answer", async () => {
  for (const errors of ["/dev/full", "&-"]) {
    await using gateway = await AttackedGateway.start({
      errors,
      datasets: { broken: { url: "/nowhere/index.json" } },
    });
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${gateway.url}/broken/zarr.json`);
      assert.equal(response.status, 502);
      assert.match(response.headers.get("content-type")!, /problem\+json/);
      await response.body?.cancel();
      await gateway.honest();
    }
  }
});
