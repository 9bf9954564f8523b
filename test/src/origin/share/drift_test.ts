import assert from "node:assert/strict";
import { OriginError } from "../../../../src/errors.ts";
import { originsFor } from "../../../../src/origin/mod.ts";
import { seededBytes } from "../../../conformance/origin.ts";
import { startOrigin } from "../../../faults/origin_server.ts";

const RANGE = { offset: 3, length: 5 };
const changed = (fault: unknown) => fault instanceof OriginError && fault.code === "source-changed";

async function setting(validators = true) {
  const server = await startOrigin({ files: { "/a": seededBytes(50) }, validators });
  const origins = originsFor({ concurrentPerOrigin: 4, requestTimeoutMs: 5000 });
  const origin = origins([server.url]);
  const url = new URL("a", server.url);
  const read = async (epoch?: string) =>
    await (await origin.read({ url }, RANGE, { epoch })).bytes();
  return { server, origins, url, read, [Symbol.asyncDispose]: () => server.stop() };
}

Deno.test("a file that changes within an epoch is source-changed, first by If-Match", async () => {
  await using set = await setting();
  const { server, read } = set;
  assert.deepEqual(await read("v1"), seededBytes(50).slice(3, 8));
  assert.equal(server.requests[0].headers["if-match"], undefined);
  server.files.set("/a", seededBytes(50, 2));
  await assert.rejects(read("v1"), changed);
  assert.match(server.requests[1].headers["if-match"], /^"/);
  await assert.rejects(read("v1"), changed, "it stays so");
});

Deno.test("a new epoch sees the file as it is now; reads without one are not held to any", async () => {
  await using set = await setting();
  const { server, read } = set;
  await read("v1");
  server.files.set("/a", seededBytes(50, 2));
  assert.deepEqual(await read("v2"), seededBytes(50, 2).slice(3, 8));
  assert.deepEqual(await read(), seededBytes(50, 2).slice(3, 8));
  await assert.rejects(read("v1"), changed);
});

Deno.test("datasets share what was seen in an epoch", async () => {
  await using set = await setting();
  const { server, origins, url, read } = set;
  await read("v1");
  server.files.set("/a", seededBytes(50, 2));
  await assert.rejects(origins([server.url]).read({ url }, RANGE, { epoch: "v1" }), changed);
});

Deno.test("a file whose host tells no state is read without", async () => {
  await using set = await setting(false);
  const { server, read } = set;
  await read("v1");
  server.files.set("/a", seededBytes(50, 2));
  assert.deepEqual(await read("v1"), seededBytes(50, 2).slice(3, 8));
});

Deno.test("two first reads at once that see different files are not both believed", async () => {
  await using set = await setting();
  const { server, origins, url } = set;
  server.fault("/a", { kind: "late", byMs: 50 }, { times: 1 });
  const origin = origins([server.url]);
  const early = origin.read({ url }, RANGE, { epoch: "v1" });
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  server.fault("/a", { kind: "changed-tag", etag: '"other"' }, { times: 1 });
  const other = origin.read({ url }, { offset: 9, length: 5 }, { epoch: "v1" });
  const outcomes = await Promise.allSettled([early, other]);
  assert.deepEqual(outcomes.map((o) => o.status).sort(), ["fulfilled", "rejected"]);
  const lost = outcomes.find((o) => o.status === "rejected") as PromiseRejectedResult;
  assert.ok(changed(lost.reason));
  for (const o of outcomes) if (o.status === "fulfilled") await o.value.cancel();
});
