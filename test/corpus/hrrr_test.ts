/** kerchunk's own HRRR references (GRIB2), where they are at hand. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { denoFiles } from "../../deploy/deno_files.ts";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { CORPUS, isThere } from "./corpus.ts";

const PATH = join(CORPUS, "kerchunk", "hrrr.wrfsubhf.subset.json");

Deno.test({
  name:
    "kerchunk's HRRR references open with their metadata; GRIB keeps its name; no chunk is a 404",
  ignore: !isThere(PATH),
  async fn() {
    const sets = JSON.parse(await Deno.readTextFile(PATH)) as Array<{
      refs: Record<string, string>;
    }>;
    for (const origins of [[], [`file://${CORPUS}/`]]) {
      const catalog = { datasets: { hrrr: { url: `file://${PATH}`, origins } } };
      const gateway = createGateway(
        parseCatalog(JSON.stringify(catalog), () => undefined),
        new URL("file:///"),
        { files: denoFiles, log: () => {} },
      );
      const get = async (key: string) =>
        await gateway.fetch(new Request(`http://gateway/hrrr/${key}`), {});
      const root = await (await get("zarr.json")).json();
      const shown = Object.values(root.consolidated_metadata.metadata) as Array<
        { node_type: string; codecs?: Array<{ name: string }> }
      >;
      assert.ok(
        shown.filter((node) => node.node_type === "array").length > 40,
        "the rest is there",
      );
      for (const { codecs } of shown) {
        assert.ok(codecs?.every(({ name }) => !name.startsWith("numcodecs.")) ?? true);
      }
      const refusals = new Set<string>();
      let grib = 0;
      for (const [i, { refs }] of sets.entries()) {
        for (const key of Object.keys(refs)) {
          if (!key.endsWith("/.zarray")) continue;
          const path = key.slice(0, -"/.zarray".length);
          const zarray = JSON.parse(refs[key]);
          const metadata = await (await get(`${i}/${path}/zarr.json`)).json();
          assert.deepEqual(metadata.shape, zarray.shape);
          const codecs = metadata.codecs.map((codec: { name: string }) => codec.name);
          const coords = zarray.shape.map(() => "/0").join("");
          const response = await get(`${i}/${path}/c${coords}`);
          if (zarray.filters?.[0]?.id === "grib") {
            grib++;
            assert.ok(codecs.includes("numcodecs.grib"), `${codecs}`);
            const leftOut = root.attributes["sluice:left_out"];
            assert.match(leftOut, new RegExp(`^${i}/${path}: codec numcodecs\\.grib `, "m"));
            assert.equal(response.status, 502, `${i}/${path}`);
            refusals.add((await response.json()).type);
          } else {
            assert.equal(response.status, 200, `${i}/${path}`);
            await response.body?.cancel();
          }
        }
      }
      assert.ok(grib > 40, `${grib} GRIB arrays`);
      // the GRIB files themselves are not among the references' neighbours
      const reason = origins.length > 0 ? "reference-unreachable" : "origin-not-allowed";
      assert.deepEqual([...refusals], [reason]);
    }
  },
});
