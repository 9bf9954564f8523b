/** What chunk answers hold and decode, counted through the whole gateway. */

import assert from "node:assert/strict";
import { rawChunk } from "../fixtures/array_set.ts";
import { decodeChunk } from "../../src/chunk/decode_chunk.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";
import { startGateway, type TestGateway } from "./gateway.ts";

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Opens the index, so that what follows counts a chunk's own requests. */
async function warm(gateway: TestGateway): Promise<void> {
  await (await gateway.fetch("/set/zarr.json")).body?.cancel();
  gateway.origin.requests.length = 0;
}

Deno.test("HEAD of a chunk that is decoded here agrees with GET, and is not decoded twice for it", async () => {
  await using gateway = await startGateway();
  await warm(gateway);
  const { conversions } = gateway.gateway.chunks;
  const head = await gateway.fetch("/set/delta/c/0", { method: "HEAD" });
  const get = await gateway.fetch("/set/delta/c/0");
  assert.equal(head.headers.get("content-length"), String((await bytesOf(get)).length));
  assert.equal(get.headers.get("etag"), head.headers.get("etag"));
  assert.equal(conversions.started, 1);
  assert.equal(gateway.origin.requests.length, 1);
});

Deno.test("a chunk that is decoded here and asked in pieces is read and decoded once", async () => {
  await using gateway = await startGateway();
  await warm(gateway);
  const { conversions } = gateway.gateway.chunks;
  const first = await gateway.fetch("/set/delta/c/1", { headers: { range: "bytes=0-9" } });
  const total = Number(first.headers.get("content-range")!.split("/")[1]);
  const parts = [await bytesOf(first)];
  const head = await gateway.fetch("/set/delta/c/1", { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), String(total), "known by now");
  for (let at = 10; at < total; at += 10) {
    const headers = { range: `bytes=${at}-${at + 9}` };
    parts.push(await bytesOf(await gateway.fetch("/set/delta/c/1", { headers })));
  }
  const whole = await bytesOf(await gateway.fetch("/set/delta/c/1"));
  assert.deepEqual(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()), whole);
  const metadata = await (await gateway.fetch("/set/delta/zarr.json")).json() as ArrayMetadata;
  assert.deepEqual(await decodeChunk(metadata, whole), rawChunk(1));
  assert.equal(conversions.started, 1);
  assert.equal(gateway.origin.requests.length, 1);
});

Deno.test("a chunk of a file that may have changed is not kept decoded", async () => {
  await using gateway = await startGateway({ dataset: { validate: false } });
  await warm(gateway);
  for (let i = 0; i < 3; i++) {
    await bytesOf(await gateway.fetch("/set/delta/c/1", { headers: { range: "bytes=0-9" } }));
  }
  assert.equal(gateway.gateway.chunks.conversions.started, 3);
});

Deno.test("a chunk that takes more than maxChunkBytes to decode is refused, and says so", async () => {
  await using gateway = await startGateway({ more: { limits: { maxChunkBytes: 1000 } } });
  await warm(gateway);
  const response = await gateway.fetch("/set/delta/c/0");
  assert.equal(response.status, 502);
  const problem = await response.json();
  assert.equal(problem.type, "chunk-invalid");
  assert.match(problem.detail, /over the 1000 of limits\.maxChunkBytes/);
  assert.equal(gateway.origin.requests.length, 0, "nothing was read for it");
  assert.equal((await bytesOf(await gateway.fetch("/set/plain/c/0"))).length, 2000);
});

Deno.test("decoding stays within decodeBytes, whoever asks: the others wait and are all served", async () => {
  await using gateway = await startGateway({ more: { limits: { decodeBytes: 10_000 } } });
  await warm(gateway);
  const { limits } = gateway.gateway.chunks.conversions;
  const { budget } = limits;
  let most = 0;
  const { tryTake } = budget;
  budget.tryTake = function (bytes: number) {
    const taken = tryTake.call(this, bytes);
    most = Math.max(most, this.taken);
    return taken;
  };
  const metadata = await (await gateway.fetch("/set/delta/zarr.json")).json() as ArrayMetadata;
  await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    const body = await bytesOf(await gateway.fetch(`/set/delta/c/${i % 3}`));
    assert.deepEqual(await decodeChunk(metadata, body), rawChunk(i % 3));
  }));
  assert.ok(most > 0 && most <= 10_000, String(most));
  assert.equal(budget.taken, 0);
});
