/** Wrong answers of the whole gateway that random arrays found: each fails without its fix. */

import assert from "node:assert/strict";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { startOrigin } from "../faults/origin_server.ts";

/** A gateway whose dataset `set` is these references. */
async function serve(refs: Record<string, unknown>): Promise<{
  get(path: string): Promise<Response>;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const text = JSON.stringify({ version: 1, refs: { ".zgroup": '{"zarr_format":2}', ...refs } });
  const origin = await startOrigin({ files: { "/set.json": new TextEncoder().encode(text) } });
  const catalog = { datasets: { set: { url: `${origin.url}set.json` } } };
  const config = parseCatalog(JSON.stringify(catalog), () => undefined);
  const gateway = createGateway(config, new URL(origin.url), { log() {} });
  return {
    get: async (path) => await gateway.fetch(new Request(`http://gateway${path}`), {}),
    [Symbol.asyncDispose]: () => origin.stop(),
  };
}

function zarray(more: Record<string, unknown>): string {
  return JSON.stringify({
    zarr_format: 2,
    shape: [4],
    chunks: [2],
    dtype: "|u1",
    order: "C",
    fill_value: null,
    filters: null,
    compressor: null,
    ...more,
  });
}

Deno.test('chunks of an array "c.1" are its own, whether or not there is an array "c"', async () => {
  const square = { shape: [4, 4], chunks: [2, 2], dimension_separator: "/" };
  const refs = {
    "c.1/.zarray": zarray({}),
    "c.1/0": "o0",
    "c.1/1": "o1",
    "g/c.2/.zarray": zarray(square),
    "g/c.2/1/0": "own2",
  };
  const other = { "c/.zarray": zarray(square), "c/0/0": "c000" };
  for (const more of [{}, other]) {
    await using gateway = await serve({ ...refs, ...more });
    for (
      const [key, text] of [["c.1/c/0", "o0"], ["c.1/c/1", "o1"], ["g/c.2/c/1/0", "own2"]]
    ) {
      const response = await gateway.get(`/set/${key}`);
      assert.equal(response.status, 200, key);
      assert.equal(await response.text(), text);
    }
    if (more === other) {
      assert.equal(await (await gateway.get("/set/c/c/0/0")).text(), "c000");
      const { status } = await gateway.get("/set/c/c/1/0");
      assert.equal(status, 404, 'what is stored at "c.1/0" is no chunk of "c"');
    }
  }
});

Deno.test("~v2 attributes are the same in .zattrs and in .zmetadata, NaN included", async () => {
  const zattrs = '{"missing_value": [NaN, 3], "scale_factor": 1.0, "10": -Infinity}';
  await using gateway = await serve({ "a/.zarray": zarray({}), "a/.zattrs": zattrs });
  assert.equal(await (await gateway.get("/set~v2/a/.zattrs")).text(), zattrs);
  const consolidated = await (await gateway.get("/set~v2/.zmetadata")).text();
  assert.ok(consolidated.includes(`"a/.zattrs":${zattrs}`), consolidated);
});
