import assert from "node:assert/strict";
import { OriginError } from "../../../../src/errors.ts";
import { memoryBody } from "../../../../src/origin/body.ts";
import { originsFor } from "../../../../src/origin/mod.ts";
import type { Origin, OriginBody, ReadOptions } from "../../../../src/origin/origin.ts";
import { withSingleFlight } from "../../../../src/origin/share/single_flight.ts";
import { seededBytes } from "../../../conformance/origin.ts";
import { startOrigin } from "../../../faults/origin_server.ts";

const url = new URL("https://data.example/a");
const RANGE = { offset: 0, length: 10 };

/** An origin whose reads wait to be answered by the test. */
function held() {
  const reads: Array<{
    options: ReadOptions;
    answer: (body: OriginBody) => void;
    fail: (fault: Error) => void;
  }> = [];
  const origin = withSingleFlight(
    {
      read: (_url, _range, options = {}) =>
        new Promise((answer, fail) => {
          options.signal?.addEventListener("abort", () => fail(options.signal!.reason));
          reads.push({ options, answer, fail });
        }),
      head: () => Promise.reject(new OriginError("internal", "no head")),
    } satisfies Origin,
  );
  return { origin, reads };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("identical reads at the same time are one read, and each has bytes of its own", async () => {
  const { origin, reads } = held();
  const all = Array.from({ length: 5 }, () => origin.read({ url }, RANGE));
  const others = [
    origin.read({ url }, { offset: 0, length: 11 }),
    origin.read({ url }, undefined),
    origin.read({ url, validator: { etag: '"1"' } }, RANGE),
    origin.read({ url }, RANGE, { unless: { etag: '"1"' } }),
  ];
  assert.equal(reads.length, 5);
  for (const read of reads) read.answer(memoryBody(seededBytes(10)));
  const bodies = await Promise.all(all);
  const bytes = await Promise.all(
    bodies.map((b, i) =>
      i % 2 ? b.bytes() : new Response(b.stream()).arrayBuffer().then((a) => new Uint8Array(a))
    ),
  );
  for (const own of bytes) {
    assert.deepEqual(own, seededBytes(10));
    own.fill(0);
  }
  await Promise.all(others);
});

Deno.test("a lone reader gets the origin's own body, untouched", async () => {
  const { origin, reads } = held();
  const reading = origin.read({ url }, RANGE);
  const body = memoryBody(seededBytes(10));
  reads[0].answer(body);
  assert.equal(await reading, body);
  assert.equal(reads.length, 1);
});

Deno.test("a reader that leaves does not disturb the others; the last one cancels the read", async () => {
  const { origin, reads } = held();
  const leavers = [new AbortController(), new AbortController()];
  const gone = leavers.map(({ signal }) =>
    assert.rejects(origin.read({ url }, RANGE, { signal }), (f: OriginError) => f.context.cancelled)
  );
  const staying = origin.read({ url }, RANGE);
  for (const leaver of leavers) leaver.abort();
  await Promise.all(gone);
  assert.equal(reads[0].options.signal!.aborted, false);
  reads[0].answer(memoryBody(seededBytes(10)));
  assert.deepEqual(await (await staying).bytes(), seededBytes(10));

  const last = new AbortController();
  const alone = origin.read({ url }, RANGE, { signal: last.signal });
  last.abort();
  await assert.rejects(alone);
  assert.equal(reads[1].options.signal!.aborted, true);
  // a reader that comes now must not join the cancelled read
  const next = origin.read({ url }, RANGE);
  assert.equal(reads.length, 3);
  reads[2].answer(memoryBody(seededBytes(10)));
  await next;
});

Deno.test("a failure is every present reader's, and is not remembered", async () => {
  const { origin, reads } = held();
  const failing = [origin.read({ url }, RANGE), origin.read({ url }, RANGE)];
  reads[0].fail(new OriginError("origin-unavailable", "down"));
  for (const reading of failing) {
    await assert.rejects(reading, (f: OriginError) => f.code === "origin-unavailable");
  }
  const again = origin.read({ url }, RANGE);
  reads[1].answer(memoryBody(seededBytes(10)));
  assert.equal((await again).length, 10);
});

Deno.test("a lone reader that leaves while it reads cancels the origin's body", async () => {
  const { origin, reads } = held();
  const controller = new AbortController();
  const reading = origin.read({ url }, RANGE, { signal: controller.signal });
  reads[0].answer(memoryBody(seededBytes(10)));
  await reading;
  controller.abort();
  assert.equal(reads[0].options.signal!.aborted, true);
});

Deno.test("a body too large to share goes to one reader; the others read for themselves", async () => {
  const { origin, reads } = held();
  const all = [origin.read({ url }, undefined), origin.read({ url }, undefined)];
  const large = { ...memoryBody(seededBytes(10)), length: undefined };
  reads[0].answer(large);
  await settle();
  assert.equal(reads.length, 2);
  reads[1].answer(memoryBody(seededBytes(10)));
  const bodies = await Promise.all(all);
  assert.equal(bodies.filter((body) => body === large).length, 1);
});

Deno.test("1,000 simultaneous reads of one range cost the server one request", async () => {
  const bytes = seededBytes(100_000);
  await using server = await startOrigin({ files: { "/a": bytes }, latencyMs: 20 });
  const origin = originsFor({ concurrentPerOrigin: 64, requestTimeoutMs: 30_000 })([server.url]);
  const range = { offset: 500, length: 50_000 };
  await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
    const body = await origin.read({ url: new URL("a", server.url) }, range);
    const got = i % 2 ? await body.bytes() : await new Response(body.stream()).bytes();
    assert.deepEqual(got, bytes.slice(500, 50_500));
  }));
  assert.equal(server.requests.length, 1);
  assert.equal(server.bytesSent, 50_000);
});
