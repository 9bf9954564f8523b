import assert from "node:assert/strict";
import type { ByteRange } from "../../../../src/byte_range.ts";
import { OriginError } from "../../../../src/errors.ts";
import { mergeRanges, withCoalescing } from "../../../../src/origin/share/coalesce.ts";
import { originsFor } from "../../../../src/origin/mod.ts";
import { originConformance } from "../../../conformance/origin.ts";
import { CONFORMANCE_OBJECTS, seededBytes } from "../../../conformance/origin.ts";
import { startOrigin } from "../../../faults/origin_server.ts";

const LIMITS = { windowMs: 1, maxGap: 10, maxBytes: 1000 };

const PLANS: Array<[name: string, ranges: number[][], groups: number[][]]> = [
  ["nothing", [], []],
  ["one", [[5, 5]], [[5, 5, 0]]],
  ["neighbours, in any order", [[20, 10], [10, 10]], [[10, 20, 1, 0]]],
  ["a gap that is small enough", [[0, 10], [20, 10]], [[0, 30, 0, 1]]],
  ["a gap that is too large", [[0, 10], [21, 10]], [[0, 10, 0], [21, 10, 1]]],
  ["the same twice", [[7, 3], [7, 3]], [[7, 3, 0, 1]]],
  ["one inside another", [[0, 100], [10, 10], [105, 5]], [[0, 110, 0, 1, 2]]],
  ["too many bytes", [[0, 600], [600, 400], [1000, 1]], [[0, 1000, 0, 1], [1000, 1, 2]]],
  ["beyond 2^32", [[2 ** 40, 5], [2 ** 40 + 5, 5]], [[2 ** 40, 10, 0, 1]]],
];

for (const [name, ranges, groups] of PLANS) {
  Deno.test(`mergeRanges() plans ${name}`, () => {
    const asked = ranges.map(([offset, length]): ByteRange => ({ offset, length }));
    assert.deepEqual(
      mergeRanges(asked, LIMITS).map((g) => [g.offset, g.length, ...g.members]),
      groups,
    );
  });
}

async function setting(limits = { windowMs: 1, maxGap: 100, maxBytes: 100_000 }) {
  const server = await startOrigin({
    files: Object.fromEntries(
      Object.entries(CONFORMANCE_OBJECTS).map(([name, bytes]) => [`/${name}`, bytes]),
    ),
  });
  const plain = originsFor({ concurrentPerOrigin: 8, requestTimeoutMs: 30_000 })([server.url]);
  return {
    server,
    origin: withCoalescing(plain, limits),
    url: (name: string) => new URL(name.split("/").map(encodeURIComponent).join("/"), server.url),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

originConformance("coalescing", () => setting());

Deno.test("ranges that come together are one request, and each reader gets its own bytes", async () => {
  await using set = await setting();
  const data = CONFORMANCE_OBJECTS["data.bin"];
  const bodies = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const range = { offset: 1000 + i * 130, length: 100 };
    const bytes = await (await set.origin.read(set.url("data.bin"), range)).bytes();
    assert.deepEqual(bytes, data.slice(range.offset, range.offset + range.length));
    return bytes;
  }));
  assert.equal(set.server.requests.length, 1);
  bodies[0].fill(0);
  assert.deepEqual(bodies[1], data.slice(1130, 1230));
});

Deno.test("a range beyond the end does not fail its neighbours", async () => {
  await using set = await setting();
  const url = set.url("data.bin");
  const good = set.origin.read(url, { offset: 299_950, length: 50 });
  const bad = set.origin.read(url, { offset: 299_990, length: 20 });
  await assert.rejects(bad, OriginError);
  assert.deepEqual(await (await good).bytes(), seededBytes(300_000).slice(299_950));
});

Deno.test("reads of different states, files and epochs are not merged", async () => {
  await using set = await setting();
  const url = set.url("data.bin");
  const { validator } = await set.origin.head(url);
  set.server.requests.length = 0;
  await Promise.all([
    set.origin.read(url, { offset: 0, length: 10 }),
    set.origin.read(url, { offset: 10, length: 10 }, { validator }),
    set.origin.read(url, { offset: 20, length: 10 }, { epoch: "v1" }),
    set.origin.read(set.url("folder/sub/deep.bin"), { offset: 0, length: 10 }),
  ]).then((bodies) => Promise.all(bodies.map((body) => body.bytes())));
  assert.equal(set.server.requests.length, 4);
});

Deno.test("a reader that leaves does not disturb those it would have been merged with", async () => {
  await using set = await setting();
  const leaver = new AbortController();
  const url = set.url("data.bin");
  const left = assert.rejects(
    set.origin.read(url, { offset: 0, length: 10 }, { signal: leaver.signal }),
    OriginError,
  );
  const staying = set.origin.read(url, { offset: 10, length: 10 });
  leaver.abort();
  await left;
  assert.deepEqual(await (await staying).bytes(), seededBytes(300_000).slice(10, 20));
});
