/** The references of an array whose chunk grid is split among manifest files. */

import assert from "node:assert/strict";
import { encodeObjectId } from "../../../manifests/icechunk/object_id.ts";
import { ByteCache } from "../../../src/byte_cache.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { ID, manifest } from "./build_manifest.ts";
import { arraySnapshot, type Covering, manifestIdOf } from "./build_snapshot.ts";
import { fixtureFiles, MemoryOrigin, open } from "./fixture.ts";

const ZARR_JSON = {
  zarr_format: 3,
  node_type: "array",
  shape: [6, 6],
  data_type: "uint8",
  chunk_grid: { name: "regular", configuration: { chunk_shape: [1, 1] } },
  chunk_key_encoding: { name: "default" },
  fill_value: 0,
  codecs: [{ name: "bytes" }],
  attributes: {},
};

type Extents = Covering["extents"];

/** A repository whose array has a chunk in each cell of `boxes`, each box in a manifest of its own. */
function repository(boxes: Extents[]): MemoryOrigin {
  const written = [...fixtureFiles(2)];
  const header = (kind: string) => written.find(([name]) => name.startsWith(kind))![1].slice(0, 38);
  const packed = (kind: string, body: Uint8Array) => new Uint8Array([...header(kind), 0, ...body]);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const snapshot = encodeObjectId(ID);
  files.set("refs/branch.main/ref.json", new TextEncoder().encode(JSON.stringify({ snapshot })));
  const coverings = boxes.map((extents, number): Covering => {
    const refs = [];
    const [[i0, i1], [j0, j1]] = extents;
    for (let i = i0; i < i1; i++) {
      for (let j = j0; j < j1; j++) {
        refs.push(
          (i + j) % 3 === 0 ? { index: [i, j], inline: [i, j] } : {
            index: [i, j],
            location: `s3://b/${j % 2}`,
            offset: BigInt(10 * i + j),
            length: 3n,
          },
        );
      }
    }
    const id = manifestIdOf(number);
    const file = packed("manifests/", manifest([{ refs }], { id }));
    files.set(`manifests/${encodeObjectId(id)}`, file);
    return { number, extents, bytes: file.length };
  });
  files.set(`snapshots/${snapshot}`, packed("snapshots/", arraySnapshot(ZARR_JSON, coverings)));
  return new MemoryOrigin(files);
}

/** What `refs` gives of each chunk, and the coordinates in the order in which they came. */
async function read(found: Manifest, order: "grid" | "stored") {
  const coords: string[] = [];
  for await (const table of found.refs("a", order)) {
    for (let row = 0; row < table.rows; row++) {
      const [i, j] = table.coords.subarray(2 * row, 2 * row + 2);
      coords.push(`${i} ${j}`);
      if ((i + j) % 3 === 0) {
        assert.deepEqual([table.kinds[row], ...table.inline!(row)], [1, i, j]);
        continue;
      }
      assert.deepEqual(
        [table.kinds[row], table.urls[table.urlIds[row]], table.offsets[row], table.lengths[row]],
        [0, `s3://b/${j % 2}`, 10 * i + j, 3],
      );
      assert.equal(table.validator!(row), undefined);
    }
  }
  return coords;
}

const GRID = Array.from({ length: 36 }, (_, i) => `${Math.floor(i / 6)} ${i % 6}`);
const SPLITS: Array<[what: string, boxes: Extents[]]> = [
  ["not split", [[[0, 6], [0, 6]]]],
  ["split along the first dimension, last part first", [
    [[4, 6], [0, 6]],
    [[0, 1], [0, 6]],
    [[1, 4], [0, 6]],
  ]],
  ["split along the last dimension", [[[0, 6], [3, 6]], [[0, 6], [0, 3]]]],
  ["split along both", [
    [[0, 3], [0, 2]],
    [[0, 3], [2, 6]],
    [[3, 6], [0, 5]],
    [[3, 6], [5, 6]],
  ]],
];

for (const [what, boxes] of SPLITS) {
  Deno.test(`an array ${what}: every chunk once, in the order of the grid where that is asked for`, async () => {
    const found = await open(repository(boxes));
    assert.deepEqual(await read(found, "grid"), GRID);
    assert.deepEqual((await read(found, "stored")).sort(), GRID);
    for (const chunk of ["0 0", "3 4", "5 5"]) {
      assert.notEqual(await found.chunk("a", chunk.split(" ").map(Number)), undefined);
    }
  });
}

Deno.test("manifests that alternate in the grid and are together heavier than the cache are refused", async () => {
  const boxes = Array.from({ length: 6 }, (_, j): Extents => [[0, 6], [j, j + 1]]);
  const found = await open(repository(boxes), { cache: new ByteCache(10_000) });
  await assert.rejects(read(found, "grid"), {
    code: "index-too-large",
    message: /limits\.indexCacheBytes/,
  });
  assert.equal((await read(found, "stored")).length, 36);
});
