import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import { Breaker } from "../../../src/origin/breaker.ts";
import { originsFor } from "../../../src/origin/mod.ts";
import { seededBytes } from "../../conformance/origin.ts";
import type { Origin } from "../../../src/origin/origin.ts";
import { RetryBudget } from "../../../src/origin/retry.ts";
import type { Store } from "../../../src/origin/store.ts";
import { answerOf, hostOf } from "./fake_store.ts";
import { startOrigin } from "../../faults/origin_server.ts";

const url = new URL("https://data.example/a");
const down = (fault: unknown) =>
  fault instanceof OriginError && fault.code === "origin-unavailable";
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

const DOWN = new OriginError("origin-unavailable", "down");

/** An origin behind `breaker` that tries each read once. */
function behind(breaker: Breaker, read: Store["read"]): Origin {
  return hostOf(read, undefined, breaker, new RetryBudget(0));
}

/** An origin that is up or down, or whose reads wait for the test. */
function host(threshold: number) {
  const state = { up: true, reads: 0, held: undefined as Promise<void> | undefined };
  const events: boolean[] = [];
  const breaker = new Breaker(threshold, (open) => events.push(open));
  const origin = behind(breaker, async () => {
    state.reads++;
    await state.held;
    if (state.up) return answerOf(1);
    throw DOWN;
  });
  return { state, breaker, origin, events };
}

Deno.test("a breaker opens after so many faults in a row, and closes with the first success", async () => {
  const { state, breaker, origin, events } = host(3);
  state.up = false;
  for (let i = 0; i < 2; i++) await assert.rejects(origin.read({ url }, undefined), down);
  assert.equal(breaker.open, false);
  await assert.rejects(origin.read({ url }, undefined), down);
  assert.equal(breaker.open, true);
  state.up = true;
  assert.equal(
    (await origin.read({ url }, undefined)).length,
    1,
    "the first read after it is back",
  );
  assert.equal(breaker.open, false);
  assert.deepEqual(events, [true, false]);
});

Deno.test("an answer that is wrong, a reader that leaves and a full queue open no breaker", async () => {
  const breaker = new Breaker(2);
  const faults = [
    new OriginError("reference-unreachable", "404"),
    new OriginError("origin-range-mismatch", "other"),
    new OriginError("overloaded", "full"),
    new OriginError("origin-unavailable", "left", { cancelled: true }),
  ];
  for (const fault of faults) {
    const origin = behind(breaker, () => Promise.reject(fault));
    for (let i = 0; i < 4; i++) await assert.rejects(origin.read({ url }, undefined));
    assert.equal(breaker.open, false, fault.message);
  }
});

Deno.test("while it is open, one read at a time asks the host, and the others share its fate", async () => {
  const { state, origin } = host(1);
  state.up = false;
  await assert.rejects(origin.read({ url }, undefined));
  let release!: () => void;
  state.held = new Promise((resolve) => release = resolve);
  state.reads = 0;
  const reads = Array.from(
    { length: 100 },
    () => assert.rejects(origin.read({ url }, undefined), down),
  );
  await settle();
  assert.equal(state.reads, 1);
  release();
  await Promise.all(reads);
  assert.ok(state.reads <= 2, `${state.reads} reads reached a host that is down`);
});

Deno.test("a read that comes during a failing probe is not judged by that probe", async () => {
  const breaker = new Breaker(1);
  breaker.failed(DOWN);
  const asked: Array<{ succeed: () => void; fail: () => void }> = [];
  const origin = behind(
    breaker,
    () =>
      new Promise((resolve, reject) =>
        asked.push({ succeed: () => resolve(answerOf(1)), fail: () => reject(DOWN) })
      ),
  );
  const probe = assert.rejects(origin.read({ url }, undefined), down);
  const late = origin.read({ url }, undefined);
  await settle();
  assert.equal(asked.length, 1);
  asked[0].fail();
  await probe;
  await settle();
  assert.equal(asked.length, 2, "it asks for itself");
  asked[1].succeed();
  assert.equal((await late).length, 1);
});

Deno.test("a probe that takes long keeps no other back", async () => {
  const breaker = new Breaker(1);
  breaker.failed(DOWN);
  let reads = 0;
  let release!: () => void;
  const stalled = new Promise<void>((resolve) => release = resolve);
  const origin = behind(breaker, async () => {
    if (reads++ === 0) await stalled;
    return answerOf(1);
  });
  const probe = origin.read({ url }, undefined);
  assert.equal((await origin.read({ url }, undefined)).length, 1);
  release();
  await probe;
});

Deno.test("a probe that is only slow fails no read that waits for it", async () => {
  const { state, origin } = host(1);
  state.up = false;
  await assert.rejects(origin.read({ url }, undefined), down);
  state.up = true;
  let release!: () => void;
  state.held = new Promise((resolve) => release = resolve);
  const reads = [1, 2, 3].map(() => origin.read({ url }, undefined));
  // the probe, and after its 250 ms another; the third still waits
  while (state.reads < 3) await new Promise((go) => setTimeout(go, 5));
  release();
  for (const body of await Promise.all(reads)) assert.equal(body.length, 1);
});

Deno.test("when all are let through again, all get their bytes", async () => {
  const { state, origin } = host(1);
  state.up = false;
  await assert.rejects(origin.read({ url }, undefined));
  state.up = true;
  const bodies = await Promise.all(
    Array.from({ length: 50 }, () => origin.read({ url }, undefined)),
  );
  assert.equal(bodies.length, 50);
});

Deno.test("under load, an origin that is killed gives 5xx, and the first read after it is back succeeds", async () => {
  const bytes = seededBytes(10_000);
  const server = await startOrigin({ files: { "/a": bytes } });
  const origin = originsFor({ concurrentPerOrigin: 32, requestTimeoutMs: 5000 })([server.url]);
  let offset = 0;
  const read = async () => {
    const range = { offset: offset++ % 9000, length: 700 };
    const body = await origin.read({ url: new URL("a", server.url) }, range);
    const got = await body.bytes();
    assert.deepEqual(got, bytes.slice(range.offset, range.offset + 700));
  };
  try {
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 50 }, read));
      await server.stop();
      const outcomes = await Promise.allSettled(Array.from({ length: 200 }, read));
      for (const outcome of outcomes) {
        assert.equal(outcome.status, "rejected");
        assert.ok([502, 503, 504].includes((outcome as PromiseRejectedResult).reason.status));
      }
      server.start();
      await read();
    }
  } finally {
    await server.stop();
  }
});
