/**
 * NetCDF-3 files opened directly, against the libraries that wrote them (`netcdf3.py`): CDF-1, -2 and -5, each
 * type, fixed and of records, one variable of records and many, fills, text and times, as netCDF-C, SciPy and
 * xarray read the file, and zarr-python, xarray, GDAL and zarrita read it through the gateway.
 *
 * Needs the peers' root: `deno test -A test/peers/netcdf3_peers.ts`. The seed is printed; `SEED=7` repeats it.
 */

import assert from "node:assert/strict";
import { get } from "npm:zarrita@0.7.5";
import { peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";
import { openDataset } from "./zarrita_client.ts";

const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 1e6));
console.log(`netcdf3: seed ${SEED}`);

/** Shape, and values in C order as text, of which float() makes the same number. */
type Numbers = Record<string, [shape: number[], values: string[]]>;

Deno.test("NetCDF-3 files read through every client as by the libraries that wrote them", async (t) => {
  const shared = await sharedFolder();
  try {
    await Deno.copyFile(peersFile("netcdf3.py"), `${shared.host}/netcdf3.py`);
    const script = `${shared.inside}/netcdf3.py`;
    const made = await runInRoot(["python3", script, "write", shared.inside, `${SEED}`]);
    assert.ok(made.success, made.errors);
    const names: string[] = JSON.parse(made.output);
    assert.ok(names.length >= 100, `${names.length} files`);
    const datasets = Object.fromEntries(
      names.map((name) => [name, { url: `file://${shared.host}/${name}.nc`, origins: [] }]),
    );
    await Deno.writeTextFile(`${shared.host}/catalog.json`, JSON.stringify({ datasets }));
    const gateway = await startGateway(`${shared.host}/catalog.json`, `${shared.host}/log`);
    try {
      await t.step("zarr-python, xarray and GDAL", async () => {
        const { success, output, errors } = await runInRoot(
          ["python3", script, "check", shared.inside, gateway.url, ...names],
        );
        assert.ok(success, errors);
        const lines = output.trim().split("\n");
        const { problems, ...compared } = JSON.parse(lines.pop()!);
        assert.equal(problems, 0, lines.join("\n"));
        console.log(`${names.length} files: ${JSON.stringify(compared)}`);
        assert.ok(
          compared.raw > 400 && compared.datasets > 1500 && compared.gdal > 350 &&
            compared.scipy > 50,
        );
      });
      await t.step("zarrita", async () => {
        let arrays = 0;
        for (const name of names) {
          const expected: Numbers = JSON.parse(
            await Deno.readTextFile(`${shared.host}/${name}.json`),
          );
          const dataset = await openDataset(`${gateway.url}/${name}`);
          for (const [path, [shape, values]] of Object.entries(expected)) {
            const array = await dataset.array(path);
            assert.deepEqual(array.shape, shape, `${name} ${path}`);
            // zarrita's get() throws of an array without elements
            if (values.length === 0) continue;
            const read = await get(array);
            const data = typeof read === "object" && "data" in read
              ? [...read.data as Iterable<number | bigint>]
              : [read as unknown as number | bigint];
            const numbers = values.map((value, i) =>
              typeof data[i] === "bigint" ? BigInt(value) : Number(value.replace("inf", "Infinity"))
            );
            assert.deepEqual(data, numbers, `${name} ${path}`);
            arrays++;
          }
        }
        assert.ok(arrays > 400, `${arrays}`);
      });
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});
