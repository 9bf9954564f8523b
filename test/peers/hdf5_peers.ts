/**
 * HDF5 and NetCDF-4 files opened directly, against the libraries that wrote them: h5py, netCDF-C, h5netcdf
 * and h5repack (`hdf5_write.py`), and the corpus's files where they are. `hdf5_read.py` reads each file by
 * h5py and xarray, and through the gateway by zarr-python, xarray and GDAL: the same tree, attributes,
 * dimensions, values, masks and times.
 *
 * Needs the peers' root: `deno test -A test/peers/hdf5_peers.ts`. The seed is printed; `SEED=7` repeats it.
 */

import assert from "node:assert/strict";
import { hdf5 } from "../../manifests/hdf5/mod.ts";
import { memoryOrigin, openOptions } from "../manifests/memory_origin.ts";
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
      const totals = { arrays: 0, attributes: 0, datasets: 0, gdal: 0, unreadable: 0 };
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
      assert.ok(totals.unreadable <= 3, "files whose filters h5py has no plug-in for");
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});

Deno.test("of 700,000 chunks each is found where h5py wrote it, and no other", async () => {
  const shared = await sharedFolder();
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const script = `${shared.inside}/peers/hdf5_many.py`;
    const made = await runInRoot(["python3", script, `${shared.inside}/files`]);
    assert.ok(made.success, made.errors);
    let found = 0;
    for (const version of ["earliest", "latest"]) {
      const bytes = await Deno.readFile(`${shared.host}/files/many_${version}.h5`);
      const url = new URL("https://h/many.h5");
      const { origin } = memoryOrigin({ [url.href]: bytes });
      const manifest = await hdf5.open(url, origin, openOptions());
      for (const group of await manifest.children("")) {
        for (const name of await manifest.children(group)) {
          const path = `${group}/${name}`;
          const node = await manifest.node(path);
          assert.ok(node?.type === "array");
          const step = Number(name.split("_")[1]);
          const [first, columns = 1] = node.metadata.shape;
          let rows = 0;
          for await (const table of manifest.refs(path)) {
            const rank = node.metadata.shape.length;
            for (let row = 0; row < table.rows; row++) {
              const [i, j = 0] = table.coords.subarray(row * rank, (row + 1) * rank);
              const ordinal = i * columns + j;
              assert.equal(ordinal % step, 0, path);
              assert.equal(bytes[table.offsets[row]], 1 + ordinal * 7 % 251, path);
            }
            rows += table.rows;
          }
          assert.equal(rows, Math.ceil(first * columns / step), `${version} ${path}`);
          for (let n = 0; n < first * columns; n += step === 1 ? 997 : 1 + Math.floor(step / 9)) {
            const coords = columns === 1 ? [n] : [Math.floor(n / columns), n % columns];
            const ref = await manifest.chunk(path, coords);
            if (n % step !== 0) assert.ok(ref?.kind !== "range", path);
            else assert.ok(ref?.kind === "range" && bytes[ref.offset] === 1 + n * 7 % 251, path);
          }
          found += rows;
        }
      }
    }
    assert.ok(found > 600_000, `${found}`);
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});
