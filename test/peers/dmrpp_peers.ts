/**
 * DMR++ documents (`dmrpp_write.py`) against the HDF5 files that they are about: `hdf5_read.py` reads each
 * file by h5py and xarray, and its document through the gateway by zarr-python, xarray and GDAL; zarrita
 * reads the same bytes from both the document and the file.
 *
 * Needs the peers' root: `deno test -A test/peers/dmrpp_peers.ts`. The seed is printed; `SEED=7` repeats it.
 */

import assert from "node:assert/strict";
import * as zarr from "npm:zarrita@0.7.5";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";

const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 1e6));
console.log(`dmrpp: seed ${SEED}`);

Deno.test("DMR++ documents read through every client as the HDF5 files beside them", async () => {
  const shared = await sharedFolder();
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const [folder, inside] = [`${shared.host}/files`, `${shared.inside}/files`];
    const script = (name: string) => `${shared.inside}/peers/${name}`;
    const made = await runInRoot(["python3", script("dmrpp_write.py"), inside, `${SEED}`]);
    assert.ok(made.success, made.errors);
    const files: string[] = JSON.parse(await Deno.readTextFile(`${folder}/files.json`));
    const datasets = Object.fromEntries(
      files.flatMap((name) => [
        [name, { url: `file://${folder}/${name}.dmrpp`, origins: [`file://${folder}/`] }],
        [`file_${name}`, { url: `file://${folder}/${name}`, origins: [] }],
      ]),
    );
    await Deno.writeTextFile(`${shared.host}/catalog.json`, JSON.stringify({ datasets }));
    const gateway = await startGateway(`${shared.host}/catalog.json`, `${shared.host}/log`);
    try {
      const read = await runInRoot(
        ["python3", script("hdf5_read.py"), inside, gateway.url, ...files],
      );
      assert.ok(read.success, read.errors);
      const lines = read.output.trim().split("\n");
      const { problems, ...compared } = JSON.parse(lines.pop()!);
      assert.equal(problems, 0, lines.join("\n"));
      console.log(JSON.stringify(compared));
      assert.ok(compared.arrays > 100 && compared.gdal > 50, JSON.stringify(compared));
      let arrays = 0;
      for (const name of files) {
        const [ours, theirs] = await Promise.all(
          [name, `file_${name}`].map((id) =>
            zarr.withConsolidatedMetadata(new zarr.FetchStore(`${gateway.url}/${id}`))
          ),
        );
        for (const { path, kind } of theirs.contents()) {
          // zarrita has no text of a fixed length
          if (kind !== "array" || path.startsWith("/text/")) continue;
          const [a, b] = await Promise.all(
            [ours, theirs].map(async (store) =>
              await zarr.get(await zarr.open.v3(zarr.root(store).resolve(path), { kind: "array" }))
            ),
          );
          assert.deepEqual(a, b, `${name}${path}`);
          arrays++;
        }
      }
      assert.ok(arrays > 100, `${arrays}`);
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});
