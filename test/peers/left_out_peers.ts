/** Arrays that strict clients refuse, names with spaces, and arrays before their grid mapping: the rest opens. */

import assert from "node:assert/strict";
import { ServerProcess } from "./load_processes.ts";
import { peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

Deno.test("zarr-python, xarray and GDAL read all that they can of a store with arrays that they refuse", async () => {
  const folder = await sharedFolder();
  await Deno.copyFile(peersFile("left_out.py"), `${folder.host}/left_out.py`);
  const script = `${folder.inside}/left_out.py`;
  const written = await runInRoot(["python3", script, "write", folder.inside]);
  assert.ok(written.success, written.errors);
  {
    await using server = await ServerProcess.start(folder.host, {
      datasets: { set: { url: `${folder.host}/store/`, origins: [`${folder.host}/`] } },
    });
    const url = `http://127.0.0.1:${server.port}/set`;
    const checked = await runInRoot(["python3", script, "check", url]);
    assert.ok(checked.success, checked.output + checked.errors);
    assert.match(checked.output, /zarr-python: .*xarray: .*GDAL: /s);
    const named = await (await fetch(`${url}/codec/zarr.json`)).json();
    assert.equal(named.codecs[0].name, "numcodecs.grib");
    for (
      const [path, status] of [["codec/c/0/0", 200], ["grid/c/0/0", 502], ["impossible/c/0/0", 502]]
    ) {
      const response = await fetch(`${url}/${path}`);
      await response.body?.cancel();
      assert.equal(response.status, status, String(path));
    }
    const page = await (await fetch(`${url}/`, { headers: { accept: "text/html" } })).text();
    for (const name of ["codec", "impossible", "number%231", "no%20codecs"]) {
      assert.ok(page.includes(`href="${name}/"`), name);
    }
    assert.match(page, /left out: codec numcodecs\.grib is not known here/);
  }
  await Deno.remove(folder.host, { recursive: true });
});
