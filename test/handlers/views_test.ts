/** The views of one index, as their documents and headers differ. */

import assert from "node:assert/strict";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { startOrigin } from "../faults/origin_server.ts";

const encoder = new TextEncoder();

/** A GET of `path` through a gateway over these files; the dataset `set` is `index`. */
async function ask(
  files: Record<string, Uint8Array>,
  index: string,
  requests: ReadonlyArray<readonly [path: string, agent?: string]>,
): Promise<Response[]> {
  const origin = await startOrigin({ files });
  try {
    const catalog = { datasets: { set: { url: origin.url + index, origins: [origin.url] } } };
    const config = parseCatalog(JSON.stringify(catalog), () => undefined);
    const gateway = createGateway(config, new URL(origin.url), { log: () => {} });
    return await Promise.all(requests.map(async ([path, agent]) => {
      const headers = agent === undefined ? undefined : { "user-agent": agent };
      const response = await gateway.fetch(new Request(`http://gateway${path}`, { headers }), {});
      return new Response(await response.arrayBuffer(), response);
    }));
  } finally {
    await origin.stop();
  }
}

Deno.test("~v2/.zmetadata of a kerchunk Parquet set is Zarr's consolidated metadata, each document as it is", async () => {
  const zmetadata = await Deno.readFile("samples/ocean.parq/.zmetadata");
  const files = { "/ocean.parq/.zmetadata": zmetadata };
  const [response] = await ask(files, "ocean.parq", [["/set~v2/.zmetadata"]]);
  assert.equal(response.status, 200);
  const served = await response.json();
  const { metadata } = JSON.parse(new TextDecoder().decode(zmetadata));
  assert.equal(served.zarr_consolidated_format, 1);
  assert.deepEqual(Object.keys(served), ["zarr_consolidated_format", "metadata"]);
  for (const [key, document] of Object.entries(metadata)) {
    assert.deepEqual(served.metadata[key], document, key);
  }
});

Deno.test("GDAL alone is sent %20 for spaces in names, and caches are told so", async () => {
  const zarray = {
    zarr_format: 2,
    shape: [2],
    chunks: [2],
    dtype: "|u1",
    fill_value: 0,
    order: "C",
    filters: null,
    compressor: null,
  };
  const set = { ".zgroup": '{"zarr_format":2}', "a b/.zarray": zarray, "a b/0": "xy" };
  const [plain, gdal, array, chunk] = await ask(
    { "/set.json": encoder.encode(JSON.stringify(set)) },
    "set.json",
    [
      ["/set/zarr.json", "python"],
      ["/set/zarr.json", "GDAL/3.13.3"],
      ["/set/a%20b/zarr.json", "GDAL/3.13.3"],
      ["/set/a%20b/c/0", "GDAL/3.13.3"],
    ],
  );
  const names = async (response: Response) =>
    Object.keys((await response.json()).consolidated_metadata.metadata);
  assert.deepEqual(await names(plain), ["a b"]);
  assert.deepEqual(await names(gdal), ["a%20b"]);
  assert.notEqual(plain.headers.get("etag"), gdal.headers.get("etag"));
  for (const response of [plain, gdal]) {
    assert.match(response.headers.get("vary") ?? "", /User-Agent/);
  }
  assert.doesNotMatch(array.headers.get("vary") ?? "", /User-Agent/);
  assert.equal(await chunk.text(), "xy");
});
