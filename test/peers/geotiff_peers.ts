/** TIFF files that GDAL writes: every client reads through the gateway what rasterio reads of the file. */

import assert from "node:assert/strict";
import { FetchStore, get, open, root } from "npm:zarrita@0.7.5";
import { ServerProcess } from "./load_processes.ts";
import { peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

Deno.test("xarray, rioxarray, GDAL, rasterio and zarrita read GeoTIFFs as rasterio reads the files", async (t) => {
  const folder = await sharedFolder();
  await Deno.copyFile(peersFile("geotiff.py"), `${folder.host}/geotiff.py`);
  const script = `${folder.inside}/geotiff.py`;
  const written = await runInRoot(["python3", script, "write", folder.inside]);
  assert.ok(written.success, written.errors);
  const names: string[] = JSON.parse(written.output);
  assert.ok(names.length >= 120);
  const datasets = Object.fromEntries(
    names.map((name) => [name, {
      url: `${folder.host}/${name}.tif`,
      origins: [`${folder.host}/`],
    }]),
  );
  {
    await using server = await ServerProcess.start(folder.host, { datasets });
    await t.step("values, masks, missing values, places and overviews", async () => {
      const checked = await runInRoot(["python3", script, "check", folder.inside, server.url]);
      assert.ok(checked.success, checked.output || checked.errors);
      assert.match(
        checked.output,
        new RegExp(`^${names.length} files compared, 0 differences`, "m"),
      );
    });
    await t.step("zarrita", async () => {
      const sums = await runInRoot(["python3", script, "sums", folder.inside]);
      assert.ok(sums.success, sums.errors);
      const expected: Record<string, number[]> = JSON.parse(sums.output);
      for (const name of names) {
        if (expected[name] === undefined) continue;
        const store = new FetchStore(`${server.url}/${name}`);
        const array = await open(root(store).resolve("data"), { kind: "array" });
        const { data } = await get(array);
        const values = Array.from(data as Iterable<number | bigint>, Number);
        assert.deepEqual(checks(values), expected[name], name);
      }
    });
  }
  await Deno.remove(folder.host, { recursive: true });
});

/** How many finite values there are, and a sum of them by place that is exact in doubles. */
function checks(values: readonly number[]): number[] {
  let count = 0;
  let hash = 0;
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    count++;
    hash = (hash + (Math.trunc(value) % 65521) * (i % 8191 + 1)) % 1000003;
  });
  return [count, hash];
}
