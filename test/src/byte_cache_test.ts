import assert from "node:assert/strict";
import { ByteCache } from "../../src/byte_cache.ts";

Deno.test("ByteCache loads a key once however many ask at the same time", async () => {
  const cache = new ByteCache(1000);
  let loads = 0;
  const load = async () => {
    loads++;
    await Promise.resolve();
    return { value: "x", bytes: 10 };
  };
  assert.deepEqual(await Promise.all([cache.load("a", load), cache.load("a", load)]), ["x", "x"]);
  assert.equal(await cache.load("a", load), "x");
  assert.equal(loads, 1);
});

Deno.test("ByteCache does not remember a failed load", async () => {
  const cache = new ByteCache(1000);
  await assert.rejects(cache.load("a", () => Promise.reject(new TypeError("down"))), /down/);
  assert.equal(await cache.load("a", () => Promise.resolve({ value: 1, bytes: 1 })), 1);
});

Deno.test("ByteCache never holds more bytes than it may, and drops the least recently used", async () => {
  const cache = new ByteCache(1000);
  const put = (key: string, bytes: number) =>
    cache.load(key, () => Promise.resolve({ value: key, bytes }));
  await put("a", 200);
  await put("b", 200);
  cache.peek("a");
  await put("c", 200);
  assert.ok(cache.bytes > 400 && cache.bytes <= 1000);
  assert.equal(cache.peek("b"), undefined);
  assert.equal(cache.peek("a"), "a");
  assert.equal(await put("huge", 10_000), "huge");
  assert.equal(cache.peek("huge"), undefined);
  assert.ok(cache.bytes <= 1000);
});

Deno.test("ByteCache weighs keys with their values, and does not remember what is absent", async () => {
  const cache = new ByteCache(100_000);
  for (let i = 0; i < 100; i++) {
    await cache.load(`${"k".repeat(5000)}${i}`, () => Promise.resolve({ value: i, bytes: 1 }));
  }
  assert.ok(cache.bytes > 9 * 10_000, "nine keys of 10,000 bytes each fit");
  assert.equal(cache.peek(`${"k".repeat(5000)}99`), 99);
  assert.equal(cache.peek(`${"k".repeat(5000)}80`), undefined);
  const held = cache.bytes;
  const absent = () => Promise.resolve({ value: undefined, bytes: 1 });
  assert.equal(await cache.load("absent", absent), undefined);
  assert.equal(cache.bytes, held);
});
