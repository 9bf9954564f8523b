/**
 * Clients that we did not write read every array of every case through the gateway: the values are
 * those of the original files, and a chunk that cannot be had is an error, never the fill.
 */

import assert from "node:assert/strict";
import { runInRoot } from "./peer_root.ts";
import { serveCases, type ServedCases } from "./served_cases.ts";
import { arraysForZarrita, openDataset, readProblem, readRows } from "./zarrita_client.ts";

let gateway: ServedCases;
Deno.test.beforeAll(async () => {
  gateway = await serveCases();
});
Deno.test.afterAll(async () => {
  await gateway?.close();
});

/** Runs a client's script; its failed checks are the failure. */
async function client(script: string): Promise<void> {
  const folder = gateway.folder.inside;
  const result = await runInRoot(
    ["python3", `${folder}/../peers/clients/${script}`, folder, gateway.url],
  );
  const lines = result.output.trimEnd().split("\n");
  const failed = lines.filter((line) => line.startsWith("FAIL"));
  console.log(lines.at(-1));
  if (result.success && failed.length === 0) return;
  const shown = failed.slice(0, 60).join("\n");
  const errors = failed.length === 0 ? result.errors.slice(-4000) : "";
  assert.fail(
    `${script}: ${failed.length} of ${lines.length - 1} checks failed\n${shown}${errors}`,
  );
}

Deno.test("zarr-python reads every array of every dataset, bit for bit", () =>
  client("zarr_python.py"));

Deno.test("xarray decodes what it decodes from the files, and from the references by fsspec", () =>
  client("xarray_python.py"));

Deno.test("GDAL reads every array of its types over /vsicurl, classic and multidimensional", () =>
  client("gdal_python.py"));

Deno.test("rasterio reads rasters with their mask", () => client("rasterio_python.py"));

Deno.test("zarrita reads every array of its types", async (t) => {
  for (const { id, case: one } of gateway.served) {
    await t.step(id, async () => {
      const dataset = await openDataset(`${gateway.url}/${id}`);
      const arrays = arraysForZarrita(one);
      const lost = arrays.map((array) => array.path)
        .filter((path) => path !== "" && !dataset.paths.includes(path));
      assert.deepEqual(lost, [], "arrays that the consolidated metadata lacks");
      const problems: string[] = [];
      for (const expected of arrays) {
        const problem = await dataset.array(expected.path)
          .then((array) => readProblem(array, expected, `${gateway.folder.host}/${one.name}`))
          .catch((error) => `${error.name}: ${error.message}`);
        if (problem) problems.push(`${id}/${expected.path}: ${problem}`);
      }
      assert.deepEqual(problems, []);
    });
  }
});

Deno.test("zarrita fails on a chunk that cannot be had, and reads the one beside it", async () => {
  const problems: string[] = [];
  let faults = 0;
  for (const { id, case: one } of gateway.served) {
    if (one.faults.length === 0) continue;
    const dataset = await openDataset(`${gateway.url}/${id}`);
    for (const fault of one.faults) {
      faults++;
      const array = await dataset.array(fault.path);
      assert.deepEqual(await readRows(array, fault.good), fault.values.flat(), fault.path);
      const read = await readRows(array, fault.bad).then(
        (values) => `${id}/${fault.path} read ${values.slice(0, 4)}`,
        () => "",
      );
      if (read) problems.push(read);
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(faults > 0);
});

Deno.test("each array is served by the tier that the contract names", async () => {
  const problems: string[] = [];
  let asked = 0;
  for (const { id, case: one } of gateway.served) {
    for (const array of one.arrays) {
      if (array.tier === null || array.shape.includes(0)) continue;
      const zeros = array.shape.map(() => 0);
      if (array.missing.some((coords) => coords.every((k) => k === 0))) continue;
      const path = [id, array.path, "c", ...zeros].filter((part) => part !== "").join("/");
      const response = await fetch(`${gateway.url}/-/refs/${path}`);
      const body = await response.json();
      asked++;
      if (body.tier !== array.tier) {
        problems.push(`${id}/${array.path}: ${response.status} ${body.tier}, not ${array.tier}`);
      }
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(asked > 0);
});
