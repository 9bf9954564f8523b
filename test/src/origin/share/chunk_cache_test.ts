import assert from "node:assert/strict";
import { ByteCache } from "../../../../src/byte_cache.ts";
import { originsFor } from "../../../../src/origin/mod.ts";
import { FileIds, withChunkCache } from "../../../../src/origin/share/chunk_cache.ts";
import type { SourceFile, Validator } from "../../../../src/origin/source_file.ts";
import { seededBytes } from "../../../conformance/origin.ts";
import { startOrigin } from "../../../faults/origin_server.ts";

const BYTES = seededBytes(100_000);
const RANGE = { offset: 10, length: 1000 };

async function setting(cacheBytes = 100_000) {
  const server = await startOrigin({ files: { "/a": BYTES } });
  const chunkCache = new ByteCache(cacheBytes);
  const origin = originsFor({ concurrentPerOrigin: 4, requestTimeoutMs: 5000, chunkCache })([
    server.url,
  ]);
  const url = new URL("a", server.url);
  return { server, chunkCache, origin, url, [Symbol.asyncDispose]: () => server.stop() };
}

Deno.test("a range that is read a second time in an epoch is kept; each reader has its own copy", async () => {
  await using set = await setting();
  const { server, origin, url } = set;
  for (let i = 0; i < 5; i++) {
    const body = await origin.read({ url }, RANGE, { epoch: "v1" });
    assert.equal(body.length, 1000);
    assert.equal(body.objectLength, 100_000);
    const room = i % 3 * 8;
    const bytes = await body.bytes(undefined, room);
    assert.deepEqual(bytes.slice(room), BYTES.slice(10, 1010));
    bytes.fill(7);
    const stream = (await origin.read({ url }, RANGE, { epoch: "v1" })).stream();
    assert.deepEqual(await new Response(stream).bytes(), BYTES.slice(10, 1010));
  }
  assert.equal(server.requests.length, 2);
});

Deno.test("another epoch, validator, offset or length is another entry; no epoch is none", async () => {
  await using set = await setting();
  const { server, origin, url } = set;
  const head = await origin.head({ url });
  for (let i = 0; i < 3; i++) {
    for (const epoch of ["v1", "v2"]) {
      await (await origin.read({ url }, RANGE, { epoch })).bytes();
      await (await origin.read({ url, validator: head.validator }, RANGE, { epoch })).bytes();
      await (await origin.read({ url }, { offset: 10, length: 999 }, { epoch })).bytes();
      await (await origin.read({ url }, { offset: 11, length: 1000 }, { epoch })).bytes();
    }
  }
  assert.equal(server.requests.length, 1 + 2 * 8);
  await (await origin.read({ url }, RANGE)).bytes();
  await (await origin.read({ url }, RANGE)).bytes();
  assert.equal(server.requests.length, 1 + 2 * 8 + 2);
});

Deno.test("what has no validator is kept for maxAge, and not a moment longer: old and new never mix for good", async () => {
  await using server = await startOrigin({ files: { "/a": BYTES }, validators: false });
  const parts = [RANGE, { offset: 5000, length: 1000 }];
  const after = seededBytes(100_000, 2);
  for (const maxAge of [0, 60]) {
    server.files.set("/a", BYTES);
    let now = 1e9;
    const plain = originsFor({ concurrentPerOrigin: 4, requestTimeoutMs: 5000 })([server.url]);
    const origin = withChunkCache(plain, new ByteCache(100_000), { maxAge, now: () => now });
    const file = { url: new URL("a", server.url) };
    const read = async (range: typeof RANGE) =>
      await (await origin.read(file, range, { epoch: "v1" })).bytes();
    // the first is kept, the second was never asked for when the file is replaced
    for (let i = 0; i < 3; i++) await read(parts[0]);
    const requests = server.requests.length;
    now += maxAge * 1000 - 1;
    if (maxAge > 0) assert.deepEqual(await read(parts[0]), BYTES.slice(10, 1010));
    assert.equal(server.requests.length, requests);
    server.files.set("/a", after);
    now += 2;
    for (let i = 0; i < 3; i++) {
      for (const range of parts) {
        assert.deepEqual(await read(range), after.slice(range.offset, range.offset + 1000));
      }
    }
  }
});

Deno.test("what can be told to have changed, or never changes, outlives maxAge in the cache", async () => {
  for (const validators of [true, false]) {
    await using server = await startOrigin({ files: { "/a": BYTES }, validators });
    let now = 0;
    const plain = originsFor({ concurrentPerOrigin: 4, requestTimeoutMs: 5000 })([server.url]);
    const origin = withChunkCache(plain, new ByteCache(100_000), { maxAge: 1, now: () => now });
    const url = new URL("a", server.url);
    const file: SourceFile = validators ? { url } : { url, immutable: true };
    for (let i = 0; i < 5; i++) {
      await (await origin.read(file, RANGE, { epoch: "v1" })).bytes();
      now += 1_000_000;
    }
    assert.equal(server.requests.length, 2);
  }
});

Deno.test("what fell short is not kept", async () => {
  await using set = await setting();
  const { server, chunkCache, origin, url } = set;
  await (await origin.read({ url }, RANGE, { epoch: "v1" })).bytes();
  server.fault("/a", { kind: "short" });
  await assert.rejects(async () =>
    await (await origin.read({ url }, RANGE, { epoch: "v1" })).bytes()
  );
  assert.equal(chunkCache.bytes, 0);
  server.heal();
  const body = await origin.read({ url }, RANGE, { epoch: "v1" });
  assert.deepEqual(await body.bytes(), BYTES.slice(10, 1010));
});

Deno.test("the cache stays within its bytes, and large chunks stay out of it", async () => {
  await using set = await setting(20_000);
  const { server, chunkCache, origin, url } = set;
  for (let i = 0; i < 60; i++) {
    const range = { offset: (i >> 1) * 2000, length: 2000 };
    await (await origin.read({ url }, range, { epoch: "v1" })).bytes();
    assert.ok(chunkCache.bytes <= 20_000, `${chunkCache.bytes}`);
  }
  assert.ok(chunkCache.bytes > 10_000);
  const before = server.requests.length;
  for (let i = 0; i < 3; i++) {
    await (await origin.read({ url }, { offset: 0, length: 50_000 }, { epoch: "v1" })).bytes();
  }
  assert.equal(server.requests.length, before + 3);
});

const FILE_URL = new URL("https://data.example/a");

Deno.test("a file in a state has one number, whichever object names it", () => {
  const ids = new FileIds();
  const states: Array<[epoch: string | undefined, validator?: Validator]> = [
    [undefined],
    ["1"],
    ["2"],
    ["1", { etag: '"x"' }],
    ["1", { etag: '"x"', lastModified: 1 }],
    ["1", { lastModified: 1 }],
  ];
  const number = (of: URL) =>
    states.map(([epoch, validator]) => ids.of({ url: of, validator }, epoch));
  const numbers = number(FILE_URL);
  assert.equal(new Set(numbers).size, states.length);
  assert.deepEqual(number(new URL(FILE_URL)), numbers);
  assert.ok(!numbers.includes(ids.of({ url: new URL("https://data.example/b") }, undefined)));
});

Deno.test("one file object has another number in each epoch", () => {
  const ids = new FileIds();
  const file = { url: FILE_URL };
  const epochs = [undefined, "1", "2", undefined, "1", "2"];
  const numbers = epochs.map((epoch) => ids.of(file, epoch));
  assert.equal(new Set(numbers).size, 3);
  assert.deepEqual(numbers.slice(3), numbers.slice(0, 3));
});

Deno.test("a number is never given twice, however many files were forgotten", () => {
  const ids = new FileIds();
  const numbers = new Set<number>();
  for (let i = 0; i < 25_000; i++) {
    numbers.add(ids.of({ url: new URL(`https://data.example/${i}`) }, "1"));
  }
  assert.equal(numbers.size, 25_000);
});
