/** Icechunk in workerd: decompression, and the location dictionary, which is no WebAssembly. */

import assert from "node:assert/strict";
import { startWorkerd } from "../../deploy/workerd.ts";
import { startOrigin } from "../../faults/origin_server.ts";
import { fixture, manyRef } from "./fixture.ts";

Deno.test({
  name:
    "workerd reads both specification versions: inline, native and compressed virtual references",
  async fn() {
    await using origin = await startOrigin({ root: new URL("fixtures", import.meta.url).pathname });
    const dataset = (spec: number) => ({ url: `${origin.url}v${spec}/`, format: "icechunk" });
    await using worker = await startWorkerd({
      datasets: { v1: dataset(1), v2: dataset(2) },
    });
    const { url } = worker;
    for (const spec of [1, 2] as const) {
      const tag = `${url}v${spec}@v1.0~native`;
      const document = await (await fetch(`${tag}/grid/zarr.json`)).json();
      assert.deepEqual(document.shape, [6, 7]);
      const text = async (key: string) => await (await fetch(`${tag}/${key}`)).text();
      assert.equal(await text("grid/c/0/0"), "inline");
      assert.equal(await text("grid/c/0/1"), "a native chunk of its own");
      assert.equal((await fetch(`${tag}/grid/c/2/2`)).status, 404);
      for (const i of [0, 500, 999]) {
        const { url: found, offset, length } = await (await fetch(
          `${url}-/refs/v${spec}@v1.0/g/sub/many/c/${i}`,
        )).json();
        const { location, ...range } = manyRef(i);
        assert.deepEqual({ found, offset, length }, { found: location, ...range });
      }
      // Its origin is not among the dataset's: refused, and not 404.
      assert.equal((await fetch(`${tag}/g/sub/many/c/3`)).status, 502);
      // Its container is looked for in the configuration: YAML in version 1, a FlexBuffer in version 2.
      const relative = await fetch(`${url}-/refs/v${spec}/relative/c/0`);
      assert.match((await relative.json()).detail, /container that the repository lacks/);
      const gone = await fetch(`${url}v${spec}@gone/zarr.json`);
      assert.equal(gone.status, 404);
      const pinned = await fetch(`${url}v${spec}@${fixture(spec).main}/zarr.json`);
      assert.equal(pinned.status, 200);
    }
  },
});
