import assert from "node:assert/strict";
import type { Json } from "../../../src/json.ts";
import {
  chunkKey,
  chunkKeyCandidates,
  type ChunkLayout,
  chunkLayout,
  parseChunkKey,
  parseDefaultChunkKey,
} from "../../../src/zarr/chunk_grid.ts";
import type { ArrayMetadata } from "../../../src/zarr/metadata.ts";
import { arrayFromV2 } from "../../../src/zarr/v2/to_v3.ts";
import { parseZarrJson } from "../../../src/zarr/v3_document.ts";

const KEYS: Array<[key: string, expected: ReturnType<typeof parseDefaultChunkKey>]> = [
  ["temp/c/0/1/22", { path: "temp", coords: [0, 1, 22] }],
  ["g/temp/c/0", { path: "g/temp", coords: [0] }],
  ["scalar/c", { path: "scalar", coords: [] }],
  ["c", { path: "", coords: [] }],
  ["c/0", { path: "", coords: [0] }],
  ["c/c/0", { path: "c", coords: [0] }],
  ["c/0/c/1", { path: "c/0", coords: [1] }],
  ["temp/c/01", undefined],
  ["temp/c/-1", undefined],
  ["temp/c/1.5", undefined],
  ["temp/c/", undefined],
  ["temp/0.0", undefined],
  ["tempc/0", undefined],
];
for (const [key, expected] of KEYS) {
  Deno.test(`parseDefaultChunkKey() of ${key} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseDefaultChunkKey(key), expected);
  });
}

Deno.test("chunkKeyCandidates() offers every array path that could own the key", () => {
  assert.deepEqual(chunkKeyCandidates("g/t/0/1"), [
    { path: "g/t/0", rest: "1" },
    { path: "g/t", rest: "0/1" },
    { path: "g", rest: "t/0/1" },
  ]);
  assert.deepEqual(chunkKeyCandidates("t/c.0.1"), [
    { path: "t", rest: "c.0.1" },
    { path: "", rest: "t/c.0.1" },
  ]);
});

const layout = (
  name: "default" | "v2",
  separator: "." | "/",
  grid: number[],
): ChunkLayout => ({ chunkShape: grid, grid, chunks: 1, encoding: { name, separator } });

Deno.test("parseChunkKey() follows the array's own encoding, and is the inverse of chunkKey()", () => {
  for (
    const [key, array, coords] of [
      ["0.1", layout("v2", ".", [2, 2]), [0, 1]],
      ["0/1", layout("v2", "/", [2, 2]), [0, 1]],
      ["c.0.1", layout("default", ".", [2, 2]), [0, 1]],
      ["c/0/1", layout("default", "/", [2, 2]), [0, 1]],
      ["0", layout("v2", ".", []), []],
      ["c", layout("default", "/", []), []],
    ] as const
  ) {
    assert.deepEqual(parseChunkKey(array, key), coords);
    assert.equal(chunkKey(array, coords), key);
  }
  for (const key of ["0", "0.1.2", "0.01", "a.b", "0/1", ""]) {
    assert.equal(parseChunkKey(layout("v2", ".", [2, 2]), key), undefined, key);
  }
});

const SHAPES: Array<[shape: number[], chunks: Json, grid: number[] | RegExp]> = [
  [[5, 7], [2, 3], [3, 3]],
  [[], [], []],
  [[0, 6], [0, 3], [0, 2]],
  [[0], [4], [0]],
  [[5], [0], /chunks\[0\] is 0 where shape\[0\] is 5/],
  [[5, 5], [5], /chunks has 1 dimensions, shape has 2/],
  [[5], [-1], /chunks\[0\] is -1/],
  [[5], [2.5], /chunks\[0\] is 2.5/],
  [[2 ** 40], [1], /more chunks than can be counted/],
  [[2 ** 31, 2 ** 31], [1, 1], /more chunks than can be counted/],
];
for (const [shape, chunks, grid] of SHAPES) {
  Deno.test(`shape ${JSON.stringify(shape)} with chunks ${JSON.stringify(chunks)} has the same grid in v2 and v3: ${grid}`, () => {
    const v2 = () =>
      arrayFromV2({
        shape,
        chunks,
        dtype: "<i2",
        fill_value: 0,
        order: "C",
        filters: null,
        compressor: null,
      });
    const v3 = () => {
      const chunk_grid = { name: "regular", configuration: { chunk_shape: chunks } };
      const document = {
        zarr_format: 3,
        node_type: "array",
        shape,
        data_type: "int16",
        chunk_grid,
        chunk_key_encoding: "default",
        fill_value: 0,
        codecs: ["bytes"],
      };
      const bytes = new TextEncoder().encode(JSON.stringify(document));
      return chunkLayout(parseZarrJson(bytes) as ArrayMetadata);
    };
    if (Array.isArray(grid)) {
      assert.deepEqual(v2().layout.grid, grid);
      assert.deepEqual(v3()?.grid, grid);
    } else {
      assert.throws(v2, { name: "IndexError", message: grid });
      assert.throws(v3, {
        name: "IndexError",
        message: new RegExp(
          grid.source.replace("chunks", "chunk_shape").replace("more chunk_shape", "more chunks"),
        ),
      });
    }
  });
}
