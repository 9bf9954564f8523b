import assert from "node:assert/strict";
import { hdf5 } from "../../../manifests/hdf5/mod.ts";
import { kerchunkJson } from "../../../manifests/kerchunk/json.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

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
