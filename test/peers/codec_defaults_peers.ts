/**
 * What codecs mean where their configuration leaves something out: arrays of Zarr v2 and v3 that
 * zarr-python itself fills (`codec_defaults.py`) read the same through the gateway's portable view.
 *
 * Needs the peers' root: `deno test -A test/peers/codec_defaults_peers.ts`. `SEED=7` repeats a run.
 */

import assert from "node:assert/strict";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";

const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 1e6));

/** Codecs that have no decoder here. */
const NATIVE = /(lzma|jenkins_lookup3)$/;

Deno.test(`codecs without their configuration mean what zarr-python takes (SEED=${SEED})`, async () => {
  console.log(`SEED=${SEED}`);
  const shared = await sharedFolder();
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const script = `${shared.inside}/peers/codec_defaults.py`;
    const data = { host: `${shared.host}/data`, inside: `${shared.inside}/data` };
    await Deno.mkdir(data.host);
    const written = await runInRoot(["python3", script, "write", data.inside, `${SEED}`]);
    assert.ok(written.success, written.errors.slice(-4000));
    const folder = `file://${data.host}/`;
    const datasets = Object.fromEntries(
      ["v2", "v3"].map((
        name,
      ) => [name, { url: `${folder}${name}.zarr`, format: "zarr", origins: [folder] }]),
    );
    const catalog = `${shared.host}/catalog.json`;
    await Deno.writeTextFile(catalog, JSON.stringify({ datasets }));
    const gateway = await startGateway(catalog, `${shared.host}/log`);
    try {
      const compared = await runInRoot(["python3", script, "compare", data.inside, gateway.url]);
      assert.ok(compared.success, compared.errors.slice(-4000));
      const { problems, counts, leftOut } = JSON.parse(compared.output);
      console.log(JSON.stringify(counts));
      assert.deepEqual(problems, []);
      assert.deepEqual(leftOut.filter((name: string) => !NATIVE.test(name)), []);
      assert.ok(counts.v2 > 300 && counts.v3 > 400);
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});
