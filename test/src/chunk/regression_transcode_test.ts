/** Wrong numbers that random arrays found in transcoded chunks: each fails without its fix. */

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { deliver } from "../../../src/chunk/delivery.ts";
import { planArray } from "../../../src/chunk/plan.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { Codec } from "../../../src/zarr/metadata.ts";
import { arrayFromV2 } from "../../../src/zarr/v2/to_v3.ts";
import { readPortable } from "../codecs/portable_chunk.ts";
import { arrayMetadata } from "../codecs/vectors.ts";

// Both elements, in the byte orders named; they decode to 5 and −7.
const CASES: Array<[title: string, dtype: string, filter: JsonObject, stored: string]> = [
  ["astype to big", "<i4", { id: "astype", encode_dtype: ">i2", decode_dtype: "<i4" }, "0005fff9"],
  [
    "astype to little",
    ">i4",
    { id: "astype", encode_dtype: "<i2", decode_dtype: ">i4" },
    "0500f9ff",
  ],
  ["astype to bytes", ">i4", { id: "astype", encode_dtype: "|i1", decode_dtype: ">i4" }, "05f9"],
  ["delta to big", "<i4", { id: "delta", dtype: "<i4", astype: ">i2" }, "0005fff4"],
  ["delta to little", ">i4", { id: "delta", dtype: ">i4", astype: "<i2" }, "0500f4ff"],
  [
    "fixedscaleoffset to big",
    "<i4",
    { id: "fixedscaleoffset", scale: 2, offset: 1, dtype: "<i4", astype: ">i2" },
    "0008fff0",
  ],
  [
    "fixedscaleoffset to little",
    ">i4",
    { id: "fixedscaleoffset", scale: 2, offset: 1, dtype: ">i4", astype: "<i2" },
    "0800f0ff",
  ],
];

Deno.test("a filter that stores another byte order than the array's gives the array's numbers", async (t) => {
  for (const [title, dtype, filter, stored] of CASES) {
    await t.step(title, async () => {
      const { metadata } = arrayFromV2({
        zarr_format: 2,
        shape: [2],
        chunks: [2],
        dtype,
        order: "C",
        fill_value: 0,
        filters: [filter],
        compressor: null,
      });
      const plan = planArray(metadata);
      const encoded = Uint8Array.fromHex(stored);
      const delivery = deliver(plan, encoded.length);
      assert.ok(delivery.kind === "convert");
      const chunk = await delivery.convert(encoded);
      const bytes = await readPortable(metadata, plan.codecs, chunk);
      assert.deepEqual([...new Int32Array(bytes.slice().buffer)], [5, -7]);
    });
  }
});

// What zarr-python 3.4.1 writes for int32 [5, −7] with `BytesCodec(endian="big")` behind the filter.
const V3_CASES: Array<[title: string, codec: Codec, stored: string]> = [
  ["delta", { name: "numcodecs.delta", configuration: { dtype: "<i4" } }, "00000005fffffff4"],
  [
    "fixedscaleoffset",
    {
      name: "numcodecs.fixedscaleoffset",
      configuration: { scale: 2, offset: 1, dtype: "<i4", astype: "<i2" },
    },
    "0008fff0",
  ],
  [
    "astype",
    { name: "numcodecs.astype", configuration: { encode_dtype: "<i2", decode_dtype: "<i4" } },
    "0005fff9",
  ],
];

Deno.test("what a filter of v3 stored is in the byte order of the bytes codec", async (t) => {
  for (const [title, codec, stored] of V3_CASES) {
    await t.step(title, async () => {
      const big: Codec = { name: "bytes", configuration: { endian: "big" } };
      const metadata = arrayMetadata([codec, big], "int32", [2]);
      const plan = planArray(metadata);
      const delivery = deliver(plan, stored.length / 2);
      assert.ok(delivery.kind === "convert");
      const chunk = await delivery.convert(Uint8Array.fromHex(stored));
      const bytes = await readPortable(metadata, plan.codecs, chunk);
      assert.deepEqual([...new Int32Array(bytes.slice().buffer)], [5, -7]);
    });
  }
});

// GDAL 3.13 undoes a permutation that is not its own inverse the wrong way round, and zarrita 0.7 two
// transpositions; so neither is declared.
Deno.test("no client is told a transposition that one of them misreads", async (t) => {
  const shape = [2, 3, 4];
  const values = Int16Array.from({ length: 24 }, (_, i) => 257 * i - 999);
  const orders = [[[1, 2, 0]], [[2, 0, 1]], [[2, 1, 0]], [[0, 2, 1], [1, 0, 2]], [[1, 0, 2], [
    2,
    1,
    0,
  ]], [[1, 2, 0], [2, 0, 1]]];
  for (const order of orders) {
    for (const rest of [[], [{ name: "numcodecs.zlib", configuration: { level: 1 } }]]) {
      await t.step(`${JSON.stringify(order)} ${rest.length}`, async () => {
        // Encoded by the definition, step by step: dimension i of the next is order[i] of the last.
        let [encoded, from] = [values, shape];
        for (const axes of order) [encoded, from] = transposed(encoded, from, axes);
        const raw = new Uint8Array(encoded.slice().buffer);
        const metadata = arrayMetadata(
          [
            ...order.map((axes) => ({ name: "transpose", configuration: { order: axes } })),
            { name: "bytes", configuration: { endian: "little" } },
            ...rest,
          ],
          "int16",
          shape,
        );
        const plan = planArray(metadata);
        const told = plan.codecs.filter(({ name }) => name === "transpose");
        assert.ok(told.length <= 1);
        for (const { configuration } of told) {
          const axes = configuration!.order as unknown as number[];
          assert.ok(axes.every((axis, i) => axes[axis] === i), `${axes} is its own inverse`);
        }
        const chunk = rest.length === 0 ? raw : new Uint8Array(deflateSync(raw));
        const delivery = deliver(plan, chunk.length);
        const sent = delivery.kind === "convert"
          ? await delivery.convert(chunk)
          : new Uint8Array([...delivery.prefix, ...chunk]);
        const bytes = await readPortable(metadata, plan.codecs, sent);
        const [read] = told.length === 0
          ? [new Int16Array(bytes.slice().buffer)]
          // zarrita gives a transposed chunk as it is stored; undone here by the same definition.
          : transposed(
            new Int16Array(bytes.slice().buffer),
            (told[0].configuration!.order as unknown as number[]).map((axis) => shape[axis]),
            told[0].configuration!.order as unknown as number[],
          );
        assert.deepEqual([...read], [...values]);
      });
    }
  }
});

/** The values and shape of a C-ordered array with its dimensions in another order. */
function transposed(
  values: Int16Array,
  shape: readonly number[],
  axes: readonly number[],
): [Int16Array<ArrayBuffer>, number[]] {
  const to = axes.map((axis) => shape[axis]);
  const out = values.map((_, at) => {
    const index = new Array<number>(shape.length);
    for (let i = to.length - 1, left = at; i >= 0; i--) {
      index[axes[i]] = left % to[i];
      left = Math.floor(left / to[i]);
    }
    return values[shape.reduce((sum, length, i) => sum * length + index[i], 0)];
  });
  return [out as Int16Array<ArrayBuffer>, to];
}
