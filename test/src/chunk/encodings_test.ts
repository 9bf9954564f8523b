/** Arrays whose chunks have several encodings: one set of codecs, and the same numbers from every chunk. */

import assert from "node:assert/strict";
import * as zlib from "node:zlib";
import { deliver } from "../../../src/chunk/delivery.ts";
import { planEncodings, planNative } from "../../../src/chunk/encodings.ts";
import type { ChunkPlan } from "../../../src/chunk/tier.ts";
import { ChunkError } from "../../../src/errors.ts";
import type { ArrayMetadata, Codec } from "../../../src/zarr/metadata.ts";
import { readPortable } from "../codecs/portable_chunk.ts";
import { arrayMetadata } from "../codecs/vectors.ts";

const little = { name: "bytes", configuration: { endian: "little" } };
const big = { name: "bytes", configuration: { endian: "big" } };
const named = (id: string, configuration = {}) => ({ name: `numcodecs.${id}`, configuration });
const deflate = named("zlib", { level: 1 });
const shuffle = named("shuffle", { elementsize: 2 });
const gzip = { name: "gzip", configuration: { level: 5 } };
const zstd = { name: "zstd", configuration: { level: 3, checksum: false } };
const blosc = {
  name: "blosc",
  configuration: { typesize: 2, cname: "lz4", clevel: 5, shuffle: "shuffle", blocksize: 0 },
};
const fletcher32 = named("fletcher32");
const delta = named("delta", { dtype: "<i2" });

const VALUES = Int16Array.from({ length: 32 }, (_, i) => i % 5 * 1000 - 7 * i);
const RAW = new Uint8Array(VALUES.buffer);

/** What the codecs of these tests store. */
function stored(codecs: readonly Codec[]): Uint8Array {
  let values: Uint8Array = RAW.slice();
  for (const { name, configuration } of codecs) {
    if (name === "numcodecs.delta") {
      const numbers = new Int16Array(values.slice().buffer);
      values = new Uint8Array(numbers.map((value, i) => value - (numbers[i - 1] ?? 0)).buffer);
    } else if (name === "bytes" && configuration?.endian === "big") {
      values = values.map((_, i) => values[i ^ 1]);
    } else if (name === "numcodecs.shuffle") {
      const half = values.length / 2;
      values = values.map((_, i) => values[i % half * 2 + Math.floor(i / half)]);
    } else if (name === "numcodecs.zlib") values = zlib.deflateSync(values);
    else if (name === "gzip") values = zlib.gzipSync(values);
    else if (name === "zstd") values = zlib.zstdCompressSync(values);
    else if (name === "numcodecs.fletcher32") {
      let [low, high] = [0, 0];
      for (let at = 0; at < values.length; at += 2) {
        low = (low + (values[at] << 8 | (values[at + 1] ?? 0))) % 65535;
        high = (high + low) % 65535;
      }
      const sum = new Uint8Array(4);
      new DataView(sum.buffer).setUint32(0, (high << 16 | low) >>> 0, true);
      values = Uint8Array.of(...values, ...sum);
    }
  }
  return new Uint8Array(values);
}

/** The bytes that a client gets for a chunk under a plan. */
async function sent(plan: ChunkPlan, encoded: Uint8Array): Promise<Uint8Array> {
  const delivery = deliver(plan, encoded.length);
  const { contentLength } = delivery;
  const { offset, length } = delivery.stored;
  const stored = encoded.subarray(offset, offset + length);
  const chunk = delivery.kind === "convert"
    ? await delivery.convert(stored)
    : Uint8Array.of(...delivery.prefix, ...stored);
  if (contentLength !== undefined) assert.equal(chunk.length, contentLength);
  return chunk;
}

const CASES: Array<[title: string, usual: Codec[], others: Codec[][], tiers: string[]]> = [
  // HDF5's filter masks: each bit leaves one filter of the pipeline out.
  ["shuffle skipped", [little, shuffle, deflate], [[little, deflate]], ["frame", "frame"]],
  ["deflate skipped", [little, shuffle, deflate], [[little, shuffle]], ["frame", "transcode"]],
  ["both skipped", [little, shuffle, deflate], [[little]], ["frame", "frame"]],
  ["all masks of shuffle, deflate and fletcher32", [little, shuffle, deflate, fletcher32], [
    [little, deflate, fletcher32],
    [little, shuffle, fletcher32],
    [little, fletcher32],
    [little, shuffle, deflate],
  ], ["frame", "frame", "transcode", "transcode", "frame"]],
  ["big-endian", [big, deflate], [[big]], ["frame", "frame"]],
  ["gzip skipped", [little, gzip], [[little]], ["pass", "transcode"]],
  ["zstd skipped", [little, zstd], [[little], [little, zstd]], ["pass", "transcode", "pass"]],
  ["blosc skipped", [little, blosc], [[little]], ["pass", "transcode"]],
  ["a compressor that the usual ones have not", [little], [[little, deflate]], [
    "pass",
    "transcode",
  ]],
  ["a filter skipped", [delta, little, deflate], [[little, deflate]], ["transcode", "transcode"]],
];

Deno.test("chunks of every encoding of an array hold its numbers, under one set of codecs", async (t) => {
  for (const [title, usual, others, tiers] of CASES) {
    await t.step(title, async () => {
      const metadata = arrayMetadata(usual);
      const encodings = [usual, ...others].map((codecs) => ({ codecs }));
      const plans = planEncodings(metadata, encodings);
      assert.deepEqual(plans.map(({ tier }) => tier), tiers);
      for (const [index, { codecs }] of encodings.entries()) {
        const plan = plans[index];
        assert.deepEqual(plan.codecs, plans[0].codecs);
        if (usual.includes(blosc) && index === 0) continue; // no Blosc is written here
        const chunk = await sent(plan, stored(codecs));
        const read = await readPortable(metadata, plans[0].codecs, chunk);
        assert.deepEqual(read, RAW, `encoding ${index}`);
      }
    });
  }
});

Deno.test("a TIFF's short last strip is as long as the others for clients", async (t) => {
  for (const codecs of [[little, deflate], [little], [little, zstd], [delta, little, deflate]]) {
    await t.step(codecs.map(({ name }) => name).join(" "), async () => {
      const metadata = arrayMetadata(codecs);
      const plans = planEncodings(metadata, [{ codecs }, { codecs, chunkShape: [3, 8] }]);
      assert.deepEqual(plans[1].codecs, plans[0].codecs);
      const short = RAW.slice(0, 48);
      let bytes: Uint8Array = short;
      if (codecs.includes(delta)) {
        const numbers = new Int16Array(short.slice().buffer);
        bytes = new Uint8Array(numbers.map((value, i) => value - (numbers[i - 1] ?? 0)).buffer);
      }
      if (codecs.includes(deflate)) bytes = zlib.deflateSync(bytes);
      if (codecs.includes(zstd)) bytes = zlib.zstdCompressSync(bytes);
      const chunk = await sent(plans[1], new Uint8Array(bytes));
      const read = await readPortable(metadata, plans[0].codecs, chunk);
      assert.deepEqual(read, Uint8Array.of(...short, ...new Uint8Array(16)));
    });
  }
});

Deno.test("a short strip of samples that stand together is filled up behind each sample's rows", async () => {
  // 2 samples of 4 rows of 2 columns, of which 1 row is stored: sample by sample in each pixel
  const transposed = { name: "transpose", configuration: { order: [1, 2, 0] } };
  const codecs = [transposed, little, deflate];
  const metadata = { ...arrayMetadata(codecs), shape: [2, 9, 2] };
  const whole = {
    ...metadata,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 4, 2] } },
  };
  const plans = planEncodings(whole, [{ codecs }, { codecs, chunkShape: [2, 1, 2] }]);
  const stored = new Uint8Array(new Int16Array([1, 10, 2, 20]).buffer);
  const chunk = await sent(plans[1], new Uint8Array(zlib.deflateSync(stored)));
  const read = await readPortable(whole, plans[0].codecs, chunk);
  const expected = [1, 2, 0, 0, 0, 0, 0, 0, 10, 20, 0, 0, 0, 0, 0, 0];
  assert.deepEqual([...new Int16Array(read.slice().buffer)], expected);
});

Deno.test("an encoding that no codecs hold for is refused, never sent as other numbers", async (t) => {
  const cases: Array<[title: string, Codec[], Codec[]]> = [
    ["another byte order", [little, gzip], [big, gzip]],
    ["an unknown codec", [little, deflate], [little, named("grib")]],
  ];
  for (const [title, usual, other] of cases) {
    await t.step(title, () => {
      const plans = planEncodings(arrayMetadata(usual), [{ codecs: usual }, { codecs: other }]);
      assert.deepEqual(plans.map(({ tier }) => tier), ["native", "refused"]);
      assert.throws(() => deliver(plans[1], 9), ChunkError);
    });
  }
  await t.step("an array that is native for its usual chunks", () => {
    const usual = [little, named("grib")];
    const plans = planEncodings(arrayMetadata(usual), [{ codecs: usual }, { codecs: [little] }]);
    assert.deepEqual(plans.map(({ tier }) => tier), ["native", "refused"]);
  });
  await t.step("a view of the array's own codecs", () => {
    const usual = [little, shuffle, deflate];
    const plans = planNative(
      arrayMetadata(usual),
      [{ codecs: usual }, { codecs: [little, deflate] }, { codecs: usual }],
    );
    assert.deepEqual(plans.map(({ tier }) => tier), ["pass", "refused", "pass"]);
  });
});

Deno.test("an array of one encoding has one plan", () => {
  const metadata: ArrayMetadata = arrayMetadata([little, deflate]);
  assert.deepEqual(planEncodings(metadata).map(({ tier }) => tier), ["frame"]);
});
