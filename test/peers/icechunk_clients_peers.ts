/**
 * Clients that we did not write read virtual NetCDF4 variables through Icechunk repositories: version by
 * version the values are netCDF4's own from the archives.
 *
 * Needs the peers' root: `deno test -A test/peers/icechunk_clients_peers.ts`.
 */

import assert from "node:assert/strict";
import {
  type Commit,
  type ServedRepositories,
  serveRepositories,
} from "./icechunk_clients_fixture.ts";
import { runInRoot } from "./peer_root.ts";
import { arraysForZarrita, openDataset, readProblem, readRows } from "./zarrita_client.ts";

let world: ServedRepositories;
Deno.test.beforeAll(async () => {
  world = await serveRepositories();
});
Deno.test.afterAll(async () => {
  await world?.close();
});

/** Runs a client's script; its failed checks are the failure. */
async function client(script: string): Promise<void> {
  const { inside } = world.folder;
  const result = await runInRoot(
    ["python3", `${inside}/peers/${script}`, `${inside}/cases`, world.url],
  );
  const lines = result.output.trimEnd().split("\n");
  const failed = lines.filter((line) => line.startsWith("FAIL"));
  console.log(lines.at(-1));
  if (result.success && failed.length === 0) return;
  const shown = failed.slice(0, 60).join("\n");
  // A client that dies has not told all.
  const ended = /\d+ passed, \d+ failed$/.test(lines.at(-1)!);
  const errors = ended ? "" : `\n${result.errors.slice(-4000)}`;
  assert.fail(
    `${script}: ${failed.length} of ${lines.length - 1} checks failed\n${shown}${errors}`,
  );
}

Deno.test("zarr-python reads every variable of every version as netCDF4 does", () =>
  client("clients/zarr_python.py"));

Deno.test("xarray decodes every version as it decodes the archives", () =>
  client("clients/xarray_python.py"));

Deno.test("GDAL reads every version over /vsicurl, classic and multidimensional", () =>
  client("clients/gdal_python.py"));

Deno.test("GDAL behind ?list_dir=no&url= fills absent chunks, and fails on what cannot be had", () =>
  client("icechunk_clients_gdal.py"));

Deno.test("zarrita reads every version", async (t) => {
  for (const { id, case: one } of world.served) {
    await t.step(id, async () => {
      const dataset = await openDataset(`${world.url}/${id}`);
      const problems: string[] = [];
      const arrays = arraysForZarrita(one);
      assert.deepEqual(arrays.filter(({ path }) => !dataset.paths.includes(path)), []);
      for (const expected of arrays) {
        const problem = await dataset.array(expected.path)
          .then((array) => readProblem(array, expected, `${world.folder.host}/cases/${one.name}`))
          .catch((error) => `${error.name}: ${error.message}`);
        if (problem) problems.push(`${expected.path}: ${problem}`);
      }
      for (const { path, good, bad, values } of one.faults) {
        const array = await dataset.array(path);
        assert.deepEqual(await readRows(array, good), values.flat(), path);
        await assert.rejects(readRows(array, bad), path);
      }
      assert.deepEqual(problems, []);
    });
  }
});

Deno.test("each array is served by the tier that the contract names", async () => {
  const problems: string[] = [];
  let asked = 0;
  for (const { id, case: one } of world.served) {
    for (const { path, tier, shape, missing } of one.arrays) {
      if (tier === null || missing.length > 0) continue;
      const key = [path, "c", ...shape.map(() => 0)].join("/");
      const body = await (await fetch(`${world.url}/-/refs/${id}/${key}`)).json();
      asked++;
      if (body.tier !== tier) problems.push(`${id}/${path}: ${JSON.stringify(body)}, not ${tier}`);
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(asked > 0);
});

/** Every document of a version: those of its commit over those of the first. */
function documentsOf(version: string): Record<string, string> {
  const [first, second, branch] = world.commits;
  const later: Record<string, Commit> = { second, branch };
  return { ...first.documents, ...later[version]?.documents };
}

Deno.test("~native gives the repository's own zarr.json byte for byte", async () => {
  for (const { id, case: one } of world.served) {
    for (const [path, text] of Object.entries(documentsOf(one.name))) {
      const key = path === "" ? "zarr.json" : `${escaped(path)}/zarr.json`;
      const response = await fetch(`${world.url}/${id}~native/${key}`);
      assert.equal(response.status, 200, `${id} ${key}`);
      assert.equal(await response.text(), text, `${id} ${key}`);
    }
  }
});

Deno.test("~native gives the stored bytes of virtual, native and inline chunks", async () => {
  const [first] = world.commits;
  for (const { id, tag } of world.repositories) {
    const root = `${world.url}/${id}@${encodeURIComponent(tag)}~native`;
    for (const [key, base64] of Object.entries(first.stored)) {
      const response = await fetch(`${root}/${key}`);
      assert.equal(new Uint8Array(await response.arrayBuffer()).toBase64(), base64, key);
    }
    for (const [path, refs] of Object.entries(first.virtual)) {
      if (["outside", "gone", "changed"].includes(path)) continue;
      for (const ref of refs) {
        const { index, offset, length, file } = ref as typeof ref & { file: string };
        const key = [escaped(path), "c", ...index].join("/");
        const response = await fetch(`${root}/${key}`);
        const got = new Uint8Array(await response.arrayBuffer());
        const archive = await Deno.readFile(`${world.folder.host}/cases/${file}`);
        assert.deepEqual(got, archive.slice(offset, offset + length), `${id} ${key}`);
      }
    }
  }
});

function escaped(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
