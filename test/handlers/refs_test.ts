/** `/-/refs`: where the bytes of a chunk are, also of local files, and of chunks in parts. */

import assert from "node:assert/strict";
import { denoFiles } from "../../deploy/deno_files.ts";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { startGateway } from "./gateway.ts";
import { arraySet } from "../fixtures/array_set.ts";

Deno.test("/-/refs gives a local file relative to the index, never by its place on the server", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sluice-refs-" });
  try {
    const set = arraySet();
    await Deno.mkdir(`${folder}/data`);
    await Deno.mkdir(`${folder}/index`);
    const cases = [["beside.bin", "index/beside.bin"], ["../data/other.bin", "data/other.bin"]];
    for (const [shown, path] of cases) {
      await Deno.writeFile(`${folder}/${path}`, set.file);
      await Deno.writeTextFile(
        `${folder}/index/set.json`,
        JSON.stringify(set.references(`file://${folder}/${path}`)),
      );
      const url = `file://${folder}/index/set.json`;
      const catalog = { datasets: { set: { url, origins: [`file://${folder}/`] } } };
      const gateway = createGateway(
        parseCatalog(JSON.stringify(catalog), () => undefined),
        new URL(url),
        { log() {}, files: denoFiles },
      );
      const get = async (path: string) =>
        await gateway.fetch(new Request(`http://gateway/${path}`), {});
      const text = await (await get("-/refs/set/plain/c/1")).text();
      assert.ok(!text.includes(folder), text);
      const { offset, length } = set.places.plain[1];
      const reference = JSON.parse(text);
      assert.deepEqual([reference.url, reference.offset, reference.length], [
        shown,
        offset,
        length,
      ]);
      const bytes = await (await get("set/plain/c/1")).bytes();
      assert.deepEqual(bytes, set.file.slice(offset, offset + length));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("/-/refs of what is no chunk is 404, and a problem tells no place", async () => {
  await using gateway = await startGateway();
  for (const key of ["plain/c/3", "plain/zarr.json", "plain", "other/c/0"]) {
    const response = await gateway.fetch(`/-/refs/set/${key}`);
    assert.equal(response.status, 404, key);
    assert.ok(!(await response.text()).includes(gateway.origin.url));
  }
});
