import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import { Limit } from "../../../src/origin/limit.ts";
import { originsFor } from "../../../src/origin/mod.ts";
import type { StoreAnswer } from "../../../src/origin/store.ts";
import { seededBytes } from "../../conformance/origin.ts";
import { answerOf, hostOf } from "./fake_store.ts";
import { startOrigin } from "../../faults/origin_server.ts";

const url = new URL("https://data.example/a");

/** An origin that counts its reads under way, behind a limit. */
function limited(limit: Limit) {
  const waiting: Array<{ answer: (body: StoreAnswer) => void; fail: (fault: Error) => void }> = [];
  const origin = hostOf(
    () => new Promise((answer, fail) => waiting.push({ answer, fail })),
    limit,
  );
  return { origin, waiting };
}

const overloaded = (fault: unknown) => fault instanceof OriginError && fault.code === "overloaded";
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("no more reads are under way than the limit; more than may wait are overloaded", async () => {
  const limit = new Limit(2, 3);
  const { origin, waiting } = limited(limit);
  const reads = Array.from({ length: 5 }, () => origin.read({ url }, undefined));
  await assert.rejects(origin.read({ url }, undefined), overloaded);
  assert.equal(waiting.length, 2);
  waiting[0].answer(answerOf(3));
  const first = await reads[0];
  await settle();
  assert.equal(waiting.length, 2, "a body not yet taken keeps its place");
  await first.bytes();
  await settle();
  assert.equal(waiting.length, 3);
  waiting[1].fail(new OriginError("reference-unreachable", "none"));
  await assert.rejects(reads[1]);
  waiting[2].answer(answerOf(3));
  (await reads[2]).stream();
  await settle();
  assert.equal(waiting.length, 5);
  waiting[3].answer(answerOf(3));
  waiting[4].answer(answerOf(3));
  await (await reads[3]).cancel();
  const last = await reads[4];
  await last.bytes();
  await last.cancel();
  assert.equal(limit.underWay, 0, "a place is given back once");
});

Deno.test("a read that leaves the queue takes no place", async () => {
  const limit = new Limit(1, 5);
  const { origin, waiting } = limited(limit);
  const first = origin.read({ url }, undefined);
  const leaver = new AbortController();
  const left = assert.rejects(
    origin.read({ url }, undefined, { signal: leaver.signal }),
    overloaded,
  );
  const staying = origin.read({ url }, undefined);
  leaver.abort();
  await left;
  waiting[0].answer(answerOf(1));
  await (await first).bytes();
  await settle();
  waiting[1].answer(answerOf(1));
  await (await staying).bytes();
  assert.equal(limit.underWay, 0);
});

Deno.test("datasets share the limit of a host; other hosts have their own", async () => {
  await using slow = await startOrigin({ files: { "/a": seededBytes(100) }, latencyMs: 30 });
  await using other = await startOrigin({ files: { "/a": seededBytes(100) } });
  const origins = originsFor({ concurrentPerOrigin: 3, requestTimeoutMs: 30_000 });
  const [one, two] = [origins([slow.url]), origins([slow.url, other.url])];
  let most = 0;
  const reads = Array.from({ length: 12 }, async (_, i) => {
    const body = await (i % 2 ? one : two).read({ url: new URL("a", slow.url) }, {
      offset: i,
      length: 5,
    });
    most = Math.max(most, slow.connections);
    return await body.bytes();
  });
  const elsewhere = await two.read({ url: new URL("a", other.url) }, { offset: 0, length: 5 });
  assert.equal(slow.requests.filter((request) => request.status !== 0).length, 0);
  await elsewhere.bytes();
  await Promise.all(reads);
  assert.ok(most <= 3, `${most}`);
});

Deno.test("reads that wait longer than their deadline are overloaded, and the queue recovers", async () => {
  await using server = await startOrigin({ files: { "/a": seededBytes(100) } });
  server.fault("/a", { kind: "stall" }, { times: 2 });
  const origin = originsFor({ concurrentPerOrigin: 2, requestTimeoutMs: 150 })([server.url]);
  const read = (offset: number) =>
    origin.read({ url: new URL("a", server.url) }, { offset, length: 5 });
  const codesOf = (offsets: number[]) =>
    Promise.all(offsets.map((i) =>
      read(i).then((body) => body.bytes()).then(
        () => "ok",
        (fault: OriginError) => fault.code,
      )
    ));
  assert.deepEqual(await codesOf([0, 1]), ["origin-timeout", "origin-timeout"]);
  // Both places are taken by bodies that nobody reads on, for longer than the others may wait.
  const held = [await read(0), await read(1)];
  assert.deepEqual(await codesOf([2, 3]), ["overloaded", "overloaded"]);
  for (const body of held) await body.cancel();
  assert.equal((await (await read(9)).bytes()).length, 5);
});

Deno.test("bodies that were forgotten lose their places when others want them", async () => {
  const limit = new Limit(2, 5, 20);
  const { origin, waiting } = limited(limit);
  const forgotten = [origin.read({ url }, undefined), origin.read({ url }, undefined)];
  for (const read of waiting.splice(0)) read.answer(answerOf(1));
  await Promise.all(forgotten);
  await new Promise((resolve) => setTimeout(resolve, 40));
  const next = origin.read({ url }, undefined);
  await settle();
  assert.equal(waiting.length, 1);
  waiting[0].answer(answerOf(1));
  await (await next).bytes();
  assert.equal(limit.underWay, 0);
});
