import assert from "node:assert/strict";
import { decodeAll, heldBytes } from "../../../src/codecs/decode_steps.ts";
import { planArray } from "../../../src/chunk/plan.ts";
import type { ChunkPlan } from "../../../src/chunk/tier.ts";
import { ChunkError } from "../../../src/errors.ts";
import { arrayMetadata } from "./vectors.ts";

const little = { name: "bytes", configuration: { endian: "little" } };
const named = (id: string, configuration = {}) => ({ name: `numcodecs.${id}`, configuration });
const astype = (stored: string, decoded: string) =>
  named("astype", { encode_dtype: stored, decode_dtype: decoded });

type Converted = Extract<ChunkPlan, { tier: "frame" | "transcode" }>;

/** The plan of `length` numbers of 4 bytes. */
function planOf(length: number, codecs: unknown[], dataType = "int32"): Converted {
  const plan = planArray(arrayMetadata(codecs, dataType, [length]));
  assert.ok(plan.tier === "frame" || plan.tier === "transcode", plan.tier);
  return plan;
}

Deno.test("a plan says from metadata alone how many bytes decoding a chunk holds", async (t) => {
  const raw = 4_000_000;
  const cases: Array<[title: string, codecs: unknown[], held: number]> = [
    ["a compressor", [little, named("bz2")], raw],
    ["a checksum is a view", [little, named("crc32")], 0],
    ["a shuffle beside what it is given", [
      little,
      named("shuffle", { elementsize: 4 }),
      named("zlib"),
    ], 2 * raw],
    [
      "a filter with a copy of the stored chunk",
      [named("delta", { dtype: "<i4" }), little],
      2 * raw,
    ],
    ["a filter that makes elements wider", [astype("<i2", "<i4"), little], 1.5 * raw],
    ["two filters", [astype("<f4", "<i4"), astype("<i4", "<f4"), little], 2 * raw],
  ];
  for (const [title, codecs, held] of cases) {
    await t.step(title, () => {
      const plan = planOf(raw / 4, codecs);
      assert.equal(heldBytes(plan.decode), held);
      assert.ok(plan.decodedBytes >= held && plan.decodedBytes < 2.1 * raw, `${plan.decodedBytes}`);
    });
  }
});

Deno.test("every step's output is capped, whatever its decoder gives", async () => {
  const plan = planOf(10, [little, named("bz2")]);
  const lying = plan.decode.map((step) => ({ ...step, decode: () => new Uint8Array(41) }));
  await assert.rejects(decodeAll(lying, new Uint8Array(3)), ChunkError);
});

Deno.test("filters make no object of an element: 16 million cost two buffers, not gigabytes", async () => {
  const count = 16 * 2 ** 20;
  for (
    const [dataType, codecs] of [
      ["float32", [astype("<i4", "<f4"), astype("<f4", "<i4"), little]],
      ["int64", [named("delta", { dtype: "<i8" }), astype("<i4", "<i8"), little]],
    ] as const
  ) {
    const plan = planOf(count, [...codecs], dataType);
    const encoded = new Uint8Array(count * 4);
    encoded[4] = 1;
    const before = Deno.memoryUsage().heapUsed;
    const decoded = await decodeAll(plan.decode, encoded);
    assert.ok(Deno.memoryUsage().heapUsed - before < 32 * 2 ** 20);
    assert.equal(decoded.length, count * (dataType === "int64" ? 8 : 4));
    assert.equal(encoded[4], 1);
  }
});
