import assert from "node:assert/strict";
import * as zarr from "npm:zarrita@0.7.5";
import { startOrigin } from "../faults/origin_server.ts";
import { arraySet, ELEMENTS } from "../fixtures/array_set.ts";
import { startWorkerd } from "./workerd.ts";

const ROOT = new URL("../..", import.meta.url);

Deno.test({
  name: "the same core runs in workerd: zarrita reads an array of each tier through it",
  async fn() {
    const set = arraySet();
    await using origin = await startOrigin({
      root: new URL("samples", ROOT).pathname,
      files: { "/data.bin": set.file },
    });
    const references = set.references(`${origin.url}data.bin`);
    origin.files.set("/set.json", new TextEncoder().encode(JSON.stringify(references)));
    const classic = new URL("test/fixtures/netcdf3/classic.nc", ROOT);
    origin.files.set("/classic.nc", await Deno.readFile(classic));
    const origins = [origin.url];
    const catalog = {
      datasets: {
        set: { url: `${origin.url}set.json`, origins },
        ocean: { url: `${origin.url}ocean.json`, origins },
        parquet: { url: `${origin.url}ocean.parq/`, origins },
        file: { url: `${origin.url}ocean_2024-01.nc`, origins },
        relief: { url: `${origin.url}relief.tif`, origins },
        classic: { url: `${origin.url}classic.nc`, origins },
      },
    };
    await using worker = await startWorkerd(catalog);
    const { url } = worker;
    const open = (path: string) =>
      zarr.open.v3(zarr.root(new zarr.FetchStore(`${url}${path}`)), { kind: "array" });
    for (const name of ["plain", "deflated", "delta"]) {
      const { data } = await zarr.get(await open(`set/${name}`), null);
      for (let i = 0; i < 4 * ELEMENTS; i++) {
        const chunk = Math.floor(i / ELEMENTS);
        const expected = chunk === 3 ? -1 : chunk * 1000 + i % ELEMENTS;
        assert.equal((data as Int32Array)[i], expected, `${name}[${i}]`);
      }
    }
    const json = await zarr.get(await open("ocean/thetao"), [0, 0, null, null]);
    const parquet = await zarr.get(await open("parquet/thetao"), [0, 0, null, null]);
    assert.deepEqual(parquet.data, json.data);
    const file = await zarr.get(await open("file/thetao"), [0, 0, null, null]);
    assert.deepEqual(file.data, json.data);
    assert.ok(new Set(json.data as Int16Array).size > 100, "an ocean, not fill");

    const packed = await zarr.get(await open("classic/packed"), null);
    assert.deepEqual([...packed.data as Int16Array], Array(4).fill([1, -999, 3]).flat());

    // the sum and a pixel that rasterio reads of the file
    const relief = await zarr.get(await open("relief/data"), null);
    const heights = (relief.data as Int16Array).filter((height) => height !== -32768);
    assert.deepEqual(relief.shape, [432, 576]);
    assert.equal(heights.reduce((sum, height) => sum + height, 0), 180902394);
    assert.equal((relief.data as Int16Array)[100 * 576 + 100], 1009);

    origin.fault("/data.bin", { kind: "status", status: 500 });
    const failed = await fetch(`${url}set/plain/c/1`);
    assert.equal(failed.status, 503);
    assert.equal((await failed.json()).type, "origin-unavailable");
    assert.equal(failed.headers.get("access-control-allow-origin"), "*");
    origin.heal();
    origin.fault("/data.bin", { kind: "short" });
    await assert.rejects(async () => {
      const response = await fetch(`${url}set/plain/c/1`);
      if (response.status === 502) throw new TypeError("refused before its headers");
      await response.bytes();
    }, TypeError);
  },
});
