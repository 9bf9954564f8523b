/** Chunks in several pieces and of several encodings, before there are formats that have them. */

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { RangeTags } from "../../../src/http/entity_tag.ts";
import { respond } from "../../../src/http/representation.ts";
import { Timing } from "../../../src/http/server_timing.ts";
import type { ArrayView } from "../../../src/chunk/array_view.ts";
import { decodeChunk } from "../../../src/chunk/decode_chunk.ts";
import { chunkMemory } from "../../../src/chunk/memory.ts";
import { planArray } from "../../../src/chunk/plan.ts";
import type { ChunkRef } from "../../../src/chunk/ref.ts";
import { representChunk } from "../../../src/chunk/response.ts";
import { memoryBody } from "../../../src/origin/body.ts";
import type { Origin } from "../../../src/origin/origin.ts";
import type { ArrayMetadata } from "../../../src/zarr/metadata.ts";

const RAW = new Uint8Array(Int32Array.from({ length: 3000 }, (_, i) => i * i).buffer);
const MIB = 2 ** 20;
const FILE = { url: new URL("http://archive/a.bin") };

const delta = (raw: Uint8Array) => {
  const values = new Int32Array(raw.slice().buffer);
  return new Uint8Array(values.map((value, i) => i === 0 ? value : value - values[i - 1]).buffer);
};
const TIERS: Record<string, { codecs: unknown[]; stored: Uint8Array }> = {
  pass: { codecs: [{ name: "bytes", configuration: { endian: "little" } }], stored: RAW },
  frame: {
    codecs: [
      { name: "bytes", configuration: { endian: "little" } },
      { name: "numcodecs.zlib", configuration: { level: 1 } },
    ],
    stored: new Uint8Array(deflateSync(RAW)),
  },
  transcode: {
    codecs: [
      { name: "numcodecs.delta", configuration: { dtype: "<i4", astype: "<i4" } },
      { name: "bytes", configuration: { endian: "little" } },
    ],
    stored: delta(RAW),
  },
};

for (const [tier, { codecs, stored }] of Object.entries(TIERS)) {
  Deno.test(`a chunk of three pieces is one chunk under ${tier}: GET, HEAD and every range`, async () => {
    const native = {
      zarr_format: 3,
      node_type: "array",
      shape: [3000],
      data_type: "int32",
      chunk_grid: { name: "regular", configuration: { chunk_shape: [3000] } },
      chunk_key_encoding: { name: "default" },
      fill_value: 0,
      attributes: {},
      codecs,
    } as unknown as ArrayMetadata;
    const plan = planArray(native);
    assert.equal(plan.tier, tier);
    const metadata = { ...native, codecs: plan.codecs } as ArrayMetadata;
    const array: ArrayView = { type: "array", path: "a", native, metadata, plan, plans: [plan] };
    // The pieces lie out of order in the file, with bytes between them; the last one is inline.
    const cuts = [0, 1000, 1500, stored.length];
    const [first, second, third] = [0, 1, 2].map((i) => stored.slice(cuts[i], cuts[i + 1]));
    const file = new Uint8Array(10_000);
    file.set(second, 100);
    file.set(first, 5000);
    let asked = 0;
    let reads = 0;
    const origin: Origin = {
      read: (_, range) => {
        reads++;
        asked += range!.length;
        return Promise.resolve(
          memoryBody(file.slice(range!.offset, range!.offset + range!.length)),
        );
      },
      head: () => Promise.reject(new Error("nothing is looked at")),
    };
    const ref: ChunkRef = {
      kind: "concat",
      parts: [
        { kind: "range", file: FILE, offset: 5000, length: first.length },
        { kind: "range", file: FILE, offset: 100, length: second.length },
        { kind: "inline", bytes: third },
      ],
    };
    const limits = { responseBytes: MIB, decodeBytes: MIB, maxChunkBytes: MIB };
    const memory = chunkMemory(limits, true);
    const tags = new RangeTags();
    const answer = async (method: string, range?: string) => {
      asked = reads = 0;
      const request = new Request("http://gateway/", { method, headers: range ? { range } : {} });
      const representation = await representChunk({
        dataset: "set",
        version: "1",
        array,
        ref,
        origin,
        tags,
        memory,
        view: "portable",
        cacheControl: "no-store",
        asked: range || method === "HEAD" ? "pieces" : "whole",
        complete: false,
        signal: new AbortController().signal,
        timing: new Timing(),
      });
      const response = await respond(request, representation);
      return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
    };
    const whole = await answer("GET");
    assert.deepEqual(await decodeChunk(metadata, whole.bytes), RAW);
    assert.deepEqual([reads, asked], [2, 1500]);
    const head = await answer("HEAD");
    assert.equal(head.response.headers.get("content-length"), String(whole.bytes.length));
    assert.equal(head.response.headers.get("etag"), whole.response.headers.get("etag"));
    if (tier !== "transcode") assert.equal(reads, 0);
    for (
      const [from, to] of [[0, 0], [0, 30], [990, 1010], [1020, 1530], [
        1490,
        whole.bytes.length - 1,
      ]]
    ) {
      const part = await answer("GET", `bytes=${from}-${to}`);
      assert.equal(part.response.status, 206);
      assert.deepEqual(part.bytes, whole.bytes.slice(from, to + 1), `${from}-${to}`);
      if (tier !== "transcode") assert.ok(asked <= to - from + 1, `${asked} of ${from}-${to}`);
    }
    assert.equal(memory.answers.bytes, 0);
  });
}
