import assert from "node:assert/strict";
import { hdf5 } from "../../../manifests/hdf5/mod.ts";
import { kerchunkJson } from "../../../manifests/kerchunk/json.ts";
import { contiguousRun, servedChunkShape } from "../../../manifests/hdf5/served_grid.ts";
import { type IndexError, OriginError } from "../../../src/errors.ts";
import type { ArrayNode, Manifest } from "../../../src/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FIXTURES = new URL("../../fixtures/hdf5/", import.meta.url);
const SAMPLES = new URL("../../../samples/", import.meta.url);
const URL_OF_FILE = new URL("https://h/ocean_2024-01.nc");

async function ocean() {
  const bytes = await Deno.readFile(new URL("ocean_2024-01.nc", SAMPLES));
  return memoryOrigin({ [URL_OF_FILE.href]: bytes });
}

/** Every stored chunk: `0.1` → offset and length. */
async function chunksOf(manifest: Manifest, path: string): Promise<Record<string, number[]>> {
  const chunks: Record<string, number[]> = {};
  for await (const table of manifest.refs(path)) {
    const rank = table.coords.length / table.rows;
    for (let row = 0; row < table.rows; row++) {
      const coords = [...table.coords.subarray(row * rank, (row + 1) * rank)];
      chunks[coords.join(".")] = [table.offsets[row], table.lengths[row]];
    }
  }
  return chunks;
}

Deno.test("a NetCDF-4 file's chunks are where kerchunk finds them", async () => {
  const { origin } = await ocean();
  const manifest = await hdf5.open(URL_OF_FILE, origin, openOptions());
  const json = await Deno.readTextFile(new URL("ocean.json", SAMPLES));
  const refs = Object.entries(JSON.parse(json).refs as Record<string, unknown>)
    .filter((entry): entry is [string, [string, number, number]] =>
      Array.isArray(entry[1]) && entry[1][0].includes("2024-01")
    );
  let compared = 0;
  for (const [key, [, offset, length]] of refs) {
    const [path, name] = key.split("/");
    const coords = name.split(".").map(Number);
    const ref = await manifest.chunk(path, coords);
    assert.ok(ref?.kind === "range", key);
    assert.deepEqual([ref.offset, ref.length], [offset, length], key);
    assert.deepEqual((await chunksOf(manifest, path))[name], [offset, length], key);
    compared++;
  }
  assert.ok(compared > 100);
});

Deno.test("a NetCDF-4 file shows what kerchunk shows of it: types, dimensions, attributes", async () => {
  const { origin } = await ocean();
  const manifest = await hdf5.open(URL_OF_FILE, origin, openOptions());
  const json = await Deno.readTextFile(new URL("ocean.json", SAMPLES));
  const kerchunk = await kerchunkJson.open(
    new URL("https://h/ocean.json"),
    memoryOrigin({ "https://h/ocean.json": json }).origin,
    openOptions(),
  );
  assert.deepEqual(await manifest.children(""), await kerchunk.children(""));
  for (const name of ["thetao", "uo", "depth", "latitude"]) {
    const ours = await manifest.node(name);
    const theirs = await kerchunk.node(name);
    assert.ok(ours?.type === "array" && theirs?.type === "array");
    assert.deepEqual(ours.metadata.data_type, theirs.metadata.data_type, name);
    assert.deepEqual(ours.metadata.dimension_names, theirs.metadata.dimension_names, name);
    assert.deepEqual(ours.metadata.attributes, theirs.metadata.attributes, name);
  }
});

Deno.test("a small file is opened with a look and one read", async () => {
  const { origin, asked } = await ocean();
  await hdf5.open(URL_OF_FILE, origin, openOptions());
  assert.deepEqual(asked, [`head ${URL_OF_FILE}`, `read ${URL_OF_FILE}`]);
});

Deno.test("the same file stays the same manifest, a changed one is opened anew", async () => {
  const { origin, files } = await ocean();
  const manifest = await hdf5.open(URL_OF_FILE, origin, openOptions());
  assert.equal(await manifest.refresh(), manifest);
  files.set(URL_OF_FILE.href, files.get(URL_OF_FILE.href)!.slice());
  const changed = await manifest.refresh();
  assert.notEqual(changed, manifest);
  assert.notEqual(changed.version, manifest.version);
});

Deno.test("outside of the grid there is no chunk, and no node where none is", async () => {
  const { origin } = await ocean();
  const manifest = await hdf5.open(URL_OF_FILE, origin, openOptions());
  assert.equal(await manifest.chunk("thetao", [99, 0, 0, 0]), undefined);
  assert.equal(await manifest.chunk("thetao", [0, 0, 0]), undefined);
  assert.equal(await manifest.chunk("nothing", [0]), undefined);
  assert.equal(await manifest.node("nothing"), undefined);
});

Deno.test("a block of an index that cannot be read is the origin's fault, never an absent chunk", async () => {
  const bytes = await Deno.readFile(new URL("tree_latest.h5", FIXTURES));
  const url = new URL("https://h/tree.h5");
  const { origin, faults } = memoryOrigin({ [url.href]: bytes });
  // a cache that keeps nothing: every block is read when it is needed
  const manifest = await hdf5.open(url, origin, openOptions(1));
  const fault = new OriginError("origin-unavailable", "down", { originStatus: 503 });
  faults.set(url.href, fault);
  for (const path of ["single_1", "fixed_1", "grows_1", "tree_1", "text"]) {
    const { metadata } = await manifest.node(path) as ArrayNode;
    const coords = metadata.shape.map(() => 0);
    if (path !== "single_1") await assert.rejects(manifest.chunk(path, coords), fault, path);
    if (path !== "single_1") await assert.rejects(chunksOf(manifest, path), fault, path);
  }
  await assert.rejects(hdf5.open(url, origin, openOptions()), fault);
  faults.delete(url.href);
  assert.equal((await manifest.chunk("fixed_1", [0, 0]))?.kind, "range");
});

Deno.test("an object that is malformed is a fault with its path; the others are there", async () => {
  const bytes = await Deno.readFile(new URL("tree_latest.h5", FIXTURES));
  const url = new URL("https://h/tree.h5");
  const good = await hdf5.open(url, memoryOrigin({ [url.href]: bytes }).origin, openOptions());
  let broken = 0;
  for (let at = bytes.indexOf(0x4f); at >= 0; at = bytes.indexOf(0x4f, at + 1)) { // OHDR
    if (new TextDecoder().decode(bytes.subarray(at, at + 4)) !== "OHDR") continue;
    const damaged = bytes.slice();
    damaged[at + 20] ^= 0xff;
    const { origin } = memoryOrigin({ [url.href]: damaged });
    const manifest = await hdf5.open(url, origin, openOptions()).catch((fault) => {
      assert.equal(fault.code, "index-invalid");
      return undefined;
    });
    if (!manifest) continue;
    assert.deepEqual(await manifest.children(""), await good.children(""));
    for (const name of await manifest.children("")) {
      let fault: IndexError | undefined;
      await manifest.node(name).catch((thrown) => fault = thrown);
      if (!fault) continue;
      assert.equal(fault.code, "index-invalid", name);
      await assert.rejects(manifest.chunk(name, [0]), fault);
      // what is below it is not proven absent
      await assert.rejects(manifest.node(`${name}/x`), fault);
      broken++;
    }
  }
  assert.ok(broken >= 10, `${broken}`);
});

Deno.test("contiguous data above 16 MB are rows of about 4 MB; their parts are all of them", () => {
  const cases: Array<[shape: number[], item: number, chunk: number[]]> = [
    [[100, 10], 8, [100, 10]],
    [[16 * 2 ** 20], 1, [16 * 2 ** 20]],
    [[16 * 2 ** 20 + 1], 1, [4 * 2 ** 20]],
    [[5, 1000, 2000], 4, [1, 500, 2000]],
    [[1000, 3000], 8, [125, 3000]],
    [[3, 4_000_037], 2, [1, 2 ** 21]],
    [[7, 0, 9], 8, [7, 1, 9]],
  ];
  for (const [shape, item, chunk] of cases) {
    const layout = { class: "contiguous", address: 0, length: 0 } as const;
    assert.deepEqual(servedChunkShape(layout, shape, item), chunk, `${shape}`);
    const grid = shape.map((length, i) => Math.ceil(length / chunk[i]));
    const place = shape.map(() => 0);
    let next = 0;
    for (let left = grid.reduce((product, n) => product * n, 1); left > 0; left--) {
      const { offset, length } = contiguousRun(shape, chunk, item, place);
      assert.equal(offset, next, "one behind the other");
      next = offset + length;
      for (let d = grid.length - 1; d >= 0 && ++place[d] === grid[d]; d--) place[d] = 0;
    }
    assert.equal(next, shape.reduce((product, n) => product * n, item));
  }
});
