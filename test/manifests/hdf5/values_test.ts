/** The files of test/fixtures/hdf5, served and read by zarrita, against the values that h5py reads. */

import assert from "node:assert/strict";
import * as zarr from "npm:zarrita@0.7.5";
import { denoFiles } from "../../../deploy/deno_files.ts";
import { createGateway } from "../../../deploy/gateway.ts";
import { parseCatalog } from "../../../src/catalog/catalog_file.ts";
import expected from "../../fixtures/hdf5/expected.json" with { type: "json" };

interface Expected {
  readonly dtype: string;
  readonly shape?: readonly number[];
  readonly bytes?: string;
  readonly text?: readonly string[];
}

const FILES = new URL("../../fixtures/hdf5/", import.meta.url);
const names = Object.keys(expected) as Array<keyof typeof expected>;
const datasets = Object.fromEntries(
  names.map((name) => [name, { url: new URL(name, FILES).href, origins: [] }]),
);
const gateway = createGateway(
  parseCatalog(JSON.stringify({ datasets }), () => undefined),
  new URL("file:///"),
  { files: denoFiles, log: () => {} },
);

function openStore(name: string) {
  return zarr.withConsolidatedMetadata({
    async get(key: string) {
      const response = await gateway.fetch(new Request(`http://gateway/${name}${key}`), {});
      if (response.status === 404) return undefined;
      assert.equal(response.status, 200, `${key}: ${await response.clone().text()}`);
      return new Uint8Array(await response.arrayBuffer());
    },
  } as zarr.AsyncReadable);
}

for (const name of names) {
  Deno.test(`${name} reads through the gateway as h5py reads it`, async () => {
    const store = await openStore(name);
    const shown = store.contents().filter(({ kind }) => kind === "array").map(({ path }) => path);
    const arrays: Record<string, Expected> = expected[name];
    for (const [path, { shape, bytes, text }] of Object.entries(arrays)) {
      const array = await zarr.open.v3(zarr.root(store).resolve(path), { kind: "array" });
      const got = await zarr.get(array);
      if (text) {
        assert.deepEqual([...(got as { data: Iterable<string> }).data], text, path);
        continue;
      }
      const isScalar = shape!.length === 0;
      const want = Uint8Array.fromBase64(bytes!);
      const data = isScalar ? undefined : (got as { data: ArrayBufferView }).data;
      const ours = data
        ? new Uint8Array(data.buffer, data.byteOffset, want.length)
        : scalarBytes(got as unknown as number | bigint, arrays[path].dtype);
      // netCDF shows a variable as long as its dimension
      if (name === "netcdf.nc" && path === "short") {
        assert.deepEqual(array.shape, [3, 5]);
        continue;
      }
      assert.deepEqual(array.shape, shape, path);
      assert.equal(ours.toHex(), want.toHex(), path);
      assert.ok(shown.includes(`/${path}` as zarr.AbsolutePath), path);
    }
  });
}

function scalarBytes(value: number | bigint, dtype: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  if (dtype === "float64") view.setFloat64(0, Number(value), true);
  else view.setBigInt64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

Deno.test("what was never written reads as the file says: the dimension's length, the fill value", async () => {
  const store = await openStore("netcdf.nc");
  const array = await zarr.open.v3(zarr.root(store).resolve("short"), { kind: "array" });
  const { data } = await zarr.get(array) as unknown as { data: Float32Array };
  const unwritten = 9.969209968386869e36;
  assert.deepEqual([...data], [...Array(5).fill(1.5), ...Array(10).fill(unwritten)]);
});

Deno.test("what a file has that Zarr has not is named: links to other files, references", async () => {
  const answer = async (path: string) =>
    await (await gateway.fetch(new Request(`http://gateway/tree_latest.h5/${path}`), {})).json();
  const root = await answer("zarr.json");
  assert.match(JSON.stringify(root.attributes["sluice:left_out"]), /references to objects/);
  assert.equal(root.consolidated_metadata.metadata.outside, undefined);
  assert.equal(root.consolidated_metadata.metadata["g/soft"].node_type, "array");
  assert.equal(root.consolidated_metadata.metadata["g/h/circle"], undefined);
  assert.equal(root.consolidated_metadata.metadata.table.node_type, "group");
});
