/** GDAL's own NetCDF4 file through kerchunk: GDAL and rioxarray find its place on the earth. */

import assert from "node:assert/strict";
import { ServerProcess } from "./load_processes.ts";
import { PEERS_ROOT, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

Deno.test("GDAL and rioxarray see the CRS and the place of each row of a NetCDF4 file through the gateway", async () => {
  const folder = await sharedFolder();
  await Deno.copyFile(peersFile("geo.py"), `${folder.host}/geo.py`);
  const script = `${folder.inside}/geo.py`;
  const written = await runInRoot(["python3", script, "write", folder.inside]);
  assert.ok(written.success, written.errors);
  // The references hold the path that the file has inside the peers' root.
  const references = await Deno.readTextFile(`${folder.host}/grid.json`);
  await Deno.writeTextFile(
    `${folder.host}/served.json`,
    references.replaceAll(`"${folder.inside}/grid.nc"`, `"${PEERS_ROOT}${folder.inside}/grid.nc"`),
  );
  {
    await using server = await ServerProcess.start(folder.host, {
      datasets: {
        grid: { url: `${folder.host}/served.json`, origins: [`${folder.host}/`] },
      },
    });
    const url = `http://127.0.0.1:${server.port}/grid`;
    const checked = await runInRoot(["python3", script, "check", folder.inside, url]);
    assert.ok(checked.success, checked.errors);
    assert.match(checked.output, /EPSG:32631/);
  }
  await Deno.remove(folder.host, { recursive: true });
});
