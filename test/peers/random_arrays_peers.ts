/**
 * Random arrays of random types, shapes, orders, codecs, fill values, attributes and names, written by
 * zarr-python, read by zarr-python, xarray and GDAL through the gateway as they read them without it.
 *
 * `SEED=7 COUNT=600 deno task test:peers random_arrays` repeats or widens a run.
 */

import assert from "node:assert/strict";
import { FORMATS } from "../../manifests/mod.ts";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";

const SEED = Number(Deno.env.get("SEED") ?? Date.now() % 1_000_000);
/** Arrays of the Zarr v2 sets; each is compared as every kind of index. */
const COUNT = Number(Deno.env.get("COUNT") ?? 300);

interface Sets {
  readonly sets: Array<{ readonly name: string; readonly targets: Record<string, string> }>;
  /** What zarr-python itself could not write or read, and how often. */
  readonly skipped: Record<string, number>;
}

interface Report {
  readonly problems: string[];
  readonly counts: Record<string, number>;
}

Deno.test(`random arrays read as they do without the gateway (SEED=${SEED})`, async () => {
  console.log(`SEED=${SEED} COUNT=${COUNT}`);
  const shared = await sharedFolder();
  const script = `${shared.inside}/peers/random_arrays.py`;
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const data = { host: `${shared.host}/data`, inside: `${shared.inside}/data` };
    await Deno.mkdir(data.host);
    const written = await runInRoot(
      ["python3", script, "write", data.inside, data.host, `${SEED}`, `${COUNT}`],
    );
    assert.ok(written.success, written.errors.slice(-4000));
    const { sets, skipped }: Sets = JSON.parse(await Deno.readTextFile(`${data.host}/sets.json`));
    const lost = Object.values(skipped).reduce((sum, count) => sum + count, 0);
    assert.ok(lost < COUNT / 4, `zarr-python wrote too few: ${JSON.stringify(skipped)}`);

    const kinds = FORMATS.map(({ name }) => name);
    const datasets: Record<string, { url: string; format: string; origins: string[] }> = {};
    for (const { name, targets } of sets) {
      for (const [format, target] of Object.entries(targets)) {
        if (!kinds.includes(format)) continue;
        const folder = `file://${data.host}/${name}/`;
        datasets[`${name}/${format}`] = { url: folder + target, format, origins: [folder] };
      }
    }
    const catalog = `${shared.host}/catalog.json`;
    await Deno.writeTextFile(catalog, JSON.stringify({ datasets }));
    const gateway = await startGateway(catalog, `${shared.host}/log`);
    try {
      const compared = await runInRoot(
        ["python3", script, "compare", data.inside, data.host, gateway.url, kinds.join(",")],
      );
      assert.ok(compared.success, compared.errors.slice(-4000));
      const { problems, counts }: Report = JSON.parse(compared.output);
      console.log(JSON.stringify(counts));
      assert.ok(counts["portable values"] > COUNT && counts["GDAL values"] > COUNT / 3);
      const shown = problems.slice(0, 40).join("\n");
      assert.equal(problems.length, 0, `${problems.length} differ, SEED=${SEED}\n${shown}`);
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});
