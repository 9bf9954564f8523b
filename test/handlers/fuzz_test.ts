/** Broken metadata, of Zarr v2 and v3, through every view: an answer or a problem that is not 500. */

import assert from "node:assert/strict";
import { mutated, randomNumbers, ROUNDS, SEED } from "../mutations.ts";
import { startGateway, TestGateway } from "./gateway.ts";

const V2 = {
  zarr_format: 2,
  shape: [4, 5],
  chunks: [2, 5],
  dtype: "<i4",
  order: "C",
  fill_value: -1,
  dimension_separator: "/",
  filters: [{ id: "shuffle", elementsize: 4 }, { id: "delta", dtype: "<i4", astype: "<i4" }],
  compressor: { id: "blosc", cname: "lz4", clevel: 5, shuffle: 1, blocksize: 0 },
};
const V3 = {
  zarr_format: 3,
  node_type: "array",
  shape: [4, 5],
  data_type: { name: "numpy.datetime64", configuration: { unit: "s", scale_factor: 10 } },
  chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 5] } },
  chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  fill_value: "NaT",
  codecs: [
    { name: "transpose", configuration: { order: [1, 0] } },
    { name: "bytes", configuration: { endian: "big" } },
    { name: "numcodecs.zlib", configuration: { level: 1 } },
  ],
  attributes: { "_FillValue": "NaN", "grid_mapping": "crs" },
  dimension_names: ["y", null],
};
const FLOATS = { ...V3, data_type: "float32", fill_value: "-Infinity", codecs: ["bytes"] };
const ATTRIBUTES = {
  _ARRAY_DIMENSIONS: ["y", "x"],
  _FillValue: -9999,
  missing_value: [1, 2],
  scale_factor: 0.01,
  units: "days since 1900-01-01",
  grid_mapping_name: "latitude_longitude",
};

/** The members of a set; one of them is broken. */
const DOCUMENTS: ReadonlyArray<
  readonly [key: string, seed: unknown, beside: Record<string, unknown>]
> = [
  ["a/.zarray", V2, {}],
  ["a/.zarray", { ...V2, dtype: "|S3", fill_value: "AAAA", filters: null }, {}],
  ["a/.zarray", { ...V2, dtype: [["x", "<f4"], ["y", "<i2", [2]]], fill_value: null }, {}],
  ["a/.zattrs", ATTRIBUTES, { "a/.zarray": V2 }],
  [".zattrs", ATTRIBUTES, { "a/.zarray": V2 }],
  ["a/zarr.json", V3, {}],
  ["a/zarr.json", FLOATS, {}],
  ["zarr.json", { zarr_format: 3, node_type: "group", attributes: ATTRIBUTES }, {
    "a/zarr.json": FLOATS,
  }],
];
/** Each asks for ten keys of a new gateway. */
const DAMAGED = Math.ceil(ROUNDS / 8);
const KEYS = [
  "set/zarr.json",
  "set/a/zarr.json",
  "set/a/c/0/0",
  "set~native/a/zarr.json",
  "set~v2/.zmetadata",
  "set~v2/a/.zarray",
  "set~v2/a/0.0",
  "set/",
  "set/a/",
  "-/refs/set/a/c/0/0",
];

Deno.test(`metadata: ${DAMAGED} broken documents are served or refused, never 500, seed ${SEED}`, async () => {
  const random = randomNumbers(SEED);
  await using started = await startGateway();
  const { origin, set } = started;
  const statuses = new Map<number, number>();
  for (let round = 0; round < DAMAGED; round++) {
    const [key, seed, beside] = DOCUMENTS[random(DOCUMENTS.length)];
    const text = new TextDecoder().decode(
      mutated(new TextEncoder().encode(JSON.stringify(seed)), random),
    );
    const root: Record<string, unknown> = key.endsWith("zarr.json")
      ? { "zarr.json": { zarr_format: 3, node_type: "group" } }
      : { ".zgroup": { zarr_format: 2 } };
    const reference = [`${origin.url}data.bin`, 7, 40];
    const refs = { ...root, ...beside, "a/0/0": reference, "a/c/0/0": reference, [key]: text };
    origin.files.set(
      "/set.json",
      new TextEncoder().encode(JSON.stringify({ version: 1, refs })),
    );
    // another gateway each time: one leaves a broken index alone for a while
    const at = new TestGateway(origin, set, {
      datasets: { set: { url: `${origin.url}set.json`, origins: [origin.url] } },
    });
    for (const path of KEYS) {
      const response = await at.fetch(`/${path}`);
      const body = await response.text().catch((error) => `${error}`);
      assert.notEqual(response.status, 500, `${path} of ${key} ${text}: ${body} ${at.log.at(-1)}`);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  }
  assert.ok(statuses.get(200)! > DAMAGED, `${[...statuses]}`);
  assert.ok(statuses.get(502)! > DAMAGED / 20, `${[...statuses]}`);
});
