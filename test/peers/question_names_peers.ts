/** Variables with question marks in their names: zarr-python sends them unescaped, and fills on 404. */

import assert from "node:assert/strict";
import { ServerProcess } from "./load_processes.ts";
import { PEERS_ROOT, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

Deno.test("zarr-python reads arrays whose names hold question marks, in every view", async () => {
  const folder = await sharedFolder();
  await Deno.copyFile(peersFile("question_names.py"), `${folder.host}/question_names.py`);
  const script = `${folder.inside}/question_names.py`;
  const written = await runInRoot(["python3", script, "write", folder.inside]);
  assert.ok(written.success, written.errors);
  // The references hold the path that the file has inside the peers' root.
  const references = await Deno.readTextFile(`${folder.host}/names.json`);
  await Deno.writeTextFile(
    `${folder.host}/served.json`,
    references.replaceAll(
      `"${folder.inside}/names.h5"`,
      `"${PEERS_ROOT}${folder.inside}/names.h5"`,
    ),
  );
  {
    await using server = await ServerProcess.start(folder.host, {
      datasets: { names: { url: `${folder.host}/served.json`, origins: [`${folder.host}/`] } },
    });
    const url = `http://127.0.0.1:${server.port}/names`;
    const checked = await runInRoot(["python3", script, "check", folder.inside, url]);
    assert.ok(checked.success, checked.errors);
    assert.match(checked.output, /6 names in 3 views/);
  }
  await Deno.remove(folder.host, { recursive: true });
});
