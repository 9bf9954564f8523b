import assert from "node:assert/strict";
import { HttpListener } from "../../deploy/listener.ts";
import { startGateway, type TestGateway } from "./gateway.ts";

/** The gateway on a socket, as `main.ts serve` runs it. */
function listen(gateway: TestGateway): { url: string; stop(): Promise<void> } {
  const server = new HttpListener(
    { hostname: "127.0.0.1", port: 0, connections: 500, patienceMs: 30_000, log() {} },
    (request, connection) => gateway.gateway.fetch(request, connection),
  );
  const stop = () => {
    server.shutdown();
    return server.finished;
  };
  return { url: `http://127.0.0.1:${server.port}`, stop };
}

Deno.test("a body that the origin cuts short aborts the response or is a 502: it never ends cleanly", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  await (await fetch(`${url}/set/zarr.json`)).body?.cancel();
  for (const kind of ["short", "short-chunked"] as const) {
    for (const name of ["plain", "deflated", "delta"]) {
      gateway.origin.heal();
      gateway.origin.fault("/data.bin", { kind });
      let outcome: string;
      try {
        const response = await fetch(`${url}/set/${name}/c/0`);
        const { length } = await response.bytes();
        outcome = response.status === 200 ? `200 with ${length} bytes` : `${response.status}`;
      } catch (error) {
        outcome = (error as Error).name;
      }
      assert.ok(["502", "TypeError"].includes(outcome), `${kind} ${name}: ${outcome}`);
    }
  }
  await stop();
});

Deno.test("a body that is cut short once is resumed", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  for (const name of ["plain", "deflated", "delta"]) {
    const whole = await (await fetch(`${url}/set/${name}/c/0`)).bytes();
    gateway.origin.fault("/data.bin", { kind: "short" }, { times: 1 });
    const response = await fetch(`${url}/set/${name}/c/0`);
    assert.equal(response.status, 200, name);
    assert.deepEqual(await response.bytes(), whole, name);
    gateway.origin.heal();
  }
  await stop();
});

Deno.test("a client that goes away cancels the origin's read, before and after its headers", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  await (await fetch(`${url}/set/zarr.json`)).body?.cancel();
  for (const kind of ["stall", "stall-body"] as const) {
    gateway.origin.heal();
    gateway.origin.requests.length = 0;
    gateway.origin.fault("/data.bin", { kind });
    const leaving = new AbortController();
    const reading = fetch(`${url}/set/plain/c/0`, { signal: leaving.signal })
      .then((response) => response.bytes());
    while (gateway.origin.requests.length === 0) await new Promise((go) => setTimeout(go, 5));
    leaving.abort();
    await assert.rejects(reading, { name: "AbortError" });
    while (!gateway.origin.requests[0].cancelled) await new Promise((go) => setTimeout(go, 5));
  }
  await stop();
});

Deno.test("many clients that ask for one chunk make one origin read, and one leaving does not end it", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  const whole = await (await fetch(`${url}/set/deflated/c/0`)).bytes();
  gateway.origin.requests.length = 0;
  gateway.origin.fault("/data.bin", { kind: "late", byMs: 300 });
  const leaving = new AbortController();
  const left = fetch(`${url}/set/deflated/c/0`, { signal: leaving.signal });
  while (gateway.origin.requests.length === 0) await new Promise((go) => setTimeout(go, 5));
  const staying = Array.from({ length: 50 }, async () => {
    const response = await fetch(`${url}/set/deflated/c/0`);
    return [response.status, await response.bytes()];
  });
  await new Promise((go) => setTimeout(go, 100));
  leaving.abort();
  await assert.rejects(left, { name: "AbortError" });
  for (const [status, bytes] of await Promise.all(staying)) {
    assert.equal(status, 200);
    assert.deepEqual(bytes, whole);
  }
  assert.equal(gateway.origin.requests.length, 1);
  await stop();
});

Deno.test("the server leaves lengths and entity tags alone, whatever a client accepts", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  for (const key of ["zarr.json", "plain/c/0"]) {
    for (const method of ["GET", "HEAD"]) {
      const response = await fetch(`${url}/set/${key}`, {
        method,
        headers: { "accept-encoding": "br, deflate" },
      });
      const { length } = await response.bytes();
      assert.equal(response.headers.get("content-encoding"), null);
      assert.match(response.headers.get("etag")!, /^"/);
      const declared = Number(response.headers.get("content-length"));
      assert.ok(declared > 0 && (method === "HEAD" || declared === length), `${method} ${key}`);
    }
  }
  await stop();
});

Deno.test("a parquet or JSON index that is asked for by many at once is read once", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  gateway.origin.fault("/set.json", { kind: "late", byMs: 200 });
  const answers = Array.from({ length: 20 }, async () => {
    const response = await fetch(`${url}/set/zarr.json`);
    await response.body?.cancel();
    return response.status;
  });
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([200]));
  const reads = gateway.origin.requests.filter(({ path }) => path === "/set.json");
  assert.ok(reads.length <= 2, "at most a look at its head and the read itself");
  await stop();
});

Deno.test("many clients of one chunk that is decoded here cost one decoding", async () => {
  await using gateway = await startGateway();
  const { url, stop } = listen(gateway);
  const { conversions } = gateway.gateway.chunks;
  gateway.origin.fault("/data.bin", { kind: "late", byMs: 100 });
  const bodies = await Promise.all(
    Array.from(
      { length: 30 },
      async () => (await (await fetch(`${url}/set/delta/c/0`)).bytes()).toHex(),
    ),
  );
  assert.equal(new Set(bodies).size, 1);
  assert.ok(conversions.started < 5, `${conversions.started} decodings`);
  assert.equal(conversions.limits.budget.taken, 0, "nothing is kept");
  await stop();
});
