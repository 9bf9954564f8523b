import assert from "node:assert/strict";
import { ByteCache } from "../../src/byte_cache.ts";

Deno.test("ByteCache loads a key once however many ask at the same time", async () => {
  const cache = new ByteCache(100);
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
  const cache = new ByteCache(100);
  await assert.rejects(cache.load("a", () => Promise.reject(new TypeError("down"))), /down/);
  assert.equal(await cache.load("a", () => Promise.resolve({ value: 1, bytes: 1 })), 1);
});

Deno.test("ByteCache never holds more bytes than it may, and drops the least recently used", async () => {
  const cache = new ByteCache(100);
  const put = (key: string, bytes: number) =>
    cache.load(key, () => Promise.resolve({ value: key, bytes }));
  await put("a", 40);
  await put("b", 40);
  cache.peek("a");
  await put("c", 40);
  assert.equal(cache.bytes, 80);
  assert.equal(cache.peek("b"), undefined);
  assert.equal(cache.peek("a"), "a");
  assert.equal(await put("huge", 1000), "huge");
  assert.equal(cache.peek("huge"), undefined);
  assert.ok(cache.bytes <= 100);
});
