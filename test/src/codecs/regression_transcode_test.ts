/** Wrong numbers that random arrays found in transcoded chunks: each fails without its fix. */

import assert from "node:assert/strict";
import { deliver } from "../../../src/codecs/delivery.ts";
import { planArray } from "../../../src/codecs/plan.ts";
import type { JsonObject } from "../../../src/zarr/json.ts";
import type { Codec } from "../../../src/zarr/metadata.ts";
import { arrayFromV2 } from "../../../src/zarr/v2_to_v3.ts";
import { readPortable } from "./portable_chunk.ts";
import { arrayMetadata } from "./vectors.ts";

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
