/** A 404 that outlives an append is a silent fill. */

import assert from "node:assert/strict";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { startOrigin } from "../faults/origin_server.ts";
import { startGateway } from "./gateway.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("no 404 is kept longer than maxAge", async () => {
  const paths = ["plain/c/3", "nope/zarr.json", "nope/", ".zgroup"].map((key) => `/set/${key}`);
  paths.push("/set@other/zarr.json", "/-/refs/set/plain/c/3");
  for (const maxAge of [0, 5, 3600]) {
    await using gateway = await startGateway({ dataset: { maxAge } });
    for (const path of paths) {
      const response = await gateway.fetch(path);
      assert.equal(response.status, 404, path);
      await response.body?.cancel();
      const caching = response.headers.get("cache-control")!;
      if (maxAge === 0) assert.equal(caching, "no-store", path);
      else assert.ok(Number(/max-age=(\d+)$/.exec(caching)?.[1]) <= Math.min(maxAge, 60), caching);
    }
  }
});

Deno.test("a Zarr store grows without its index: its absences are not kept, and end as soon as there is something", async () => {
  const group = { zarr_format: 3, node_type: "group", attributes: {} };
  const array = {
    zarr_format: 3,
    node_type: "array",
    shape: [4],
    data_type: "uint8",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [2] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes" }],
    attributes: {},
  };
  // Neither consolidated nor listable: a node is known once it is asked for.
  await using origin = await startOrigin({ files: { "/z/zarr.json": bytes(group) } });
  const config = parseCatalog(
    JSON.stringify({ datasets: { z: { url: `${origin.url}z/`, maxAge: 3600 } } }),
    () => undefined,
  );
  const gateway = createGateway(config, new URL(origin.url), { log() {} });
  const status = async (key: string) => {
    const response = await gateway.fetch(new Request(`http://gateway/z${key}`), {});
    await response.body?.cancel();
    if (response.status === 404) assert.equal(response.headers.get("cache-control"), "no-store");
    return response.status;
  };
  const documents = ["/new/zarr.json", "~native/new/zarr.json", "~v2/new/.zarray"];
  for (const document of documents) assert.equal(await status(document), 404, document);
  assert.equal(await status("/new/c/1"), 404);
  origin.files.set("/z/new/zarr.json", bytes(array));
  for (const document of documents) assert.equal(await status(document), 200, document);
  assert.equal(await status("/new/c/1"), 404, "a chunk that was not written");
  origin.files.set("/z/new/c/1", new Uint8Array([1, 2]));
  assert.equal(await status("/new/c/1"), 200);
});

Deno.test("the catalog opens no index, however many there are and whatever their format", async () => {
  const others = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`other-${i}`, { url: `none-${i}` }]),
  );
  await using gateway = await startGateway({ others });
  for (const path of ["/-/catalog.json", "/"]) {
    const { datasets } = await (await gateway.fetch(path)).json();
    assert.equal(Object.keys(datasets).length, 21);
  }
  assert.equal(gateway.origin.requests.length, 0);
});

Deno.test("a broken index is not read again at every request", async () => {
  await using gateway = await startGateway();
  gateway.origin.files.set("/set.json", new TextEncoder().encode("{"));
  for (let i = 0; i < 50; i++) {
    const response = await gateway.fetch("/set/zarr.json");
    assert.equal(response.status, 502);
    assert.equal((await response.json()).type, "index-invalid");
  }
  assert.ok(gateway.origin.requests.length <= 4, `${gateway.origin.requests.length} reads`);
});
