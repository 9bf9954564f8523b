/**
 * HDF5 and NetCDF-4 files opened directly, against the libraries that wrote them: h5py, netCDF-C, h5netcdf
 * and h5repack (`hdf5_write.py`), and the corpus's files where they are. `hdf5_read.py` reads each file by
 * h5py and xarray, and through the gateway by zarr-python, xarray and GDAL: the same tree, attributes,
 * dimensions, values, masks and times.
 *
 * Needs the peers' root: `deno test -A test/peers/hdf5_peers.ts`. The seed is printed; `SEED=7` repeats it.
 */

import assert from "node:assert/strict";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";

const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 1e6));
console.log(`hdf5: seed ${SEED}`);

const CORPUS = new URL("../../../shared/corpus/hdf5/", import.meta.url);
/** Files of which GDAL reads all numbers: it asks for every dimension by many names, which takes long. */
const BY_GDAL =
  /^(?:fills_latest|layout_v110|scales|netcdf_netcdf4_[0-3]\.|xarray_netcdf4_[0-3]\.|user_block)/;
const PARTS = 4;

/** The corpus's HDF5 files below `folder`, copied into `to`. */
async function copyCorpus(folder: URL, to: string): Promise<string[]> {
  const names: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name, isDirectory } of entries) {
    if (isDirectory) names.push(...await copyCorpus(new URL(`${name}/`, folder), to));
    else if (/\.(?:h5|nc)$/.test(name)) {
      await Deno.copyFile(new URL(name, folder), `${to}/corpus_${name}`);
      names.push(`corpus_${name}`);
    }
  }
  return names;
}

Deno.test("HDF5 files read through every client as by the libraries that wrote them", async () => {
  const shared = await sharedFolder();
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const folder = `${shared.host}/files`;
    const inside = `${shared.inside}/files`;
    const script = (name: string) => `${shared.inside}/peers/${name}`;
    const made = await runInRoot(["python3", script("hdf5_write.py"), inside, `${SEED}`]);
    assert.ok(made.success, made.errors);
    const written: string[] = JSON.parse(await Deno.readTextFile(`${folder}/files.json`));
    assert.ok(written.length >= 150, `${written.length} files`);
    const files = [...written, ...await copyCorpus(CORPUS, folder)];
    const datasets = Object.fromEntries(
      files.map((name) => [name, { url: `file://${folder}/${name}`, origins: [] }]),
    );
    await Deno.writeTextFile(`${shared.host}/catalog.json`, JSON.stringify({ datasets }));
    const gateway = await startGateway(`${shared.host}/catalog.json`, `${shared.host}/log`);
    try {
      const read = (names: string[], environment: Record<string, string>) =>
        runInRoot(
          ["python3", script("hdf5_read.py"), inside, gateway.url, ...names],
          environment,
        );
      const parts = Array.from(
        { length: PARTS },
        (_, part) => files.filter((_, i) => i % PARTS === part),
      );
      const totals = { arrays: 0, attributes: 0, datasets: 0, gdal: 0 };
      const results = [];
      for (const names of parts) {
        results.push(
          await read(names.filter((name) => BY_GDAL.test(name)), {}),
          await read(names.filter((name) => !BY_GDAL.test(name)), { NO_GDAL: "1" }),
        );
      }
      for (const { success, output, errors } of results) {
        assert.ok(success, errors);
        const lines = output.trim().split("\n");
        const { problems, ...compared } = JSON.parse(lines.pop()!);
        assert.equal(problems, 0, lines.join("\n"));
        for (const key of Object.keys(totals) as Array<keyof typeof totals>) {
          totals[key] += compared[key];
        }
      }
      console.log(`${files.length} files: ${JSON.stringify(totals)}`);
      assert.ok(totals.arrays > 3000 && totals.datasets > 500 && totals.gdal > 200);
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});
