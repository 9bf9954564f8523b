/** Clients that ask and do not read, on real sockets: what they hold is bounded, and theirs for a while only. */

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { createGateway } from "../../deploy/gateway.ts";
import { HttpListener } from "../../deploy/listener.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { startOrigin } from "../faults/origin_server.ts";

const MIB = 2 ** 20;
/** More than sockets buffer, on either side. */
const LARGE = 24 * MIB;
const FRAMED = 2 * MIB;
/** Two large answers fit, and not a piece of a framed one (a megabyte at a time) beside them. */
const ROOM = 2 * LARGE + MIB / 2;

/** Bytes that do not compress. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
}

Deno.test("clients that read nothing hold no more than responseBytes, and nothing once they are dropped", async () => {
  const framed = new Uint8Array(deflateSync(noise(FRAMED), { level: 1 }));
  const file = new Uint8Array(LARGE + framed.length + 64);
  file.set(framed, LARGE + 64);
  const origin = await startOrigin({ files: { "/data.bin": file } });
  const url = `${origin.url}data.bin`;
  const zarray = (chunk: number, chunks: number, compressor: unknown) =>
    JSON.stringify({
      zarr_format: 2,
      shape: [chunk * chunks],
      chunks: [chunk],
      dtype: "|u1",
      order: "C",
      fill_value: null,
      filters: null,
      compressor,
    });
  const refs: Record<string, unknown> = {
    ".zgroup": '{"zarr_format":2}',
    "large/.zarray": zarray(LARGE, 8, null),
    "framed/.zarray": zarray(FRAMED, 1, { id: "zlib", level: 1 }),
    "framed/0": [url, LARGE + 64, framed.length],
  };
  for (let c = 0; c < 8; c++) refs[`large/${c}`] = [url, c, LARGE];
  origin.files.set("/set.json", new TextEncoder().encode(JSON.stringify({ version: 1, refs })));
  const log: string[] = [];
  const config = parseCatalog(
    JSON.stringify({
      datasets: { set: { url: `${origin.url}set.json`, origins: [origin.url] } },
      limits: { responseBytes: ROOM },
    }),
    () => undefined,
  );
  const gateway = createGateway(config, new URL(origin.url), {
    log: (_, fields) => log.push(JSON.stringify(fields)),
  });
  const server = new HttpListener(
    { hostname: "127.0.0.1", port: 0, connections: 100, patienceMs: 2000, log() {} },
    (request, connection) => gateway.fetch(request, connection),
  );
  const { answers } = gateway.chunks;
  const key = `http://127.0.0.1:${server.port}/set`;
  await (await fetch(`${key}/zarr.json`)).body?.cancel();
  let most = 0;
  const until = async (what: () => boolean) => {
    while (!what()) {
      most = Math.max(most, answers.bytes);
      await new Promise((go) => setTimeout(go, 5));
    }
  };
  const stalled = await Promise.all(Array.from({ length: 16 }, async (_, i) => {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    // Nothing is sent to GDAL before all of it is there.
    const head = `GET /set/large/c/${i % 8} HTTP/1.1\r\nhost: a\r\nuser-agent: GDAL/3.13\r\n\r\n`;
    await socket.write(new TextEncoder().encode(head));
    return socket;
  }));
  try {
    await until(() =>
      answers.bytes >= 2 * LARGE && log.some((line) => line.includes("overloaded"))
    );
    const refused = await fetch(`${key}/framed/c/0`);
    assert.equal(refused.status, 503);
    assert.equal((await refused.json()).type, "overloaded");
    assert.ok(refused.headers.has("retry-after"));
    await until(() => answers.bytes === 0);
    assert.ok(most <= ROOM, `${most} of ${ROOM} bytes`);
    const served = await fetch(`${key}/framed/c/0`);
    assert.equal(served.status, 200);
    assert.deepEqual((await served.bytes()).slice(24), framed);
  } finally {
    for (const socket of stalled) socket.close();
    server.shutdown();
    await server.finished;
    await origin.stop();
  }
});
