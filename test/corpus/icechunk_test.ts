/** Icechunk's own test repositories, where they are at hand. Their virtual chunks' bucket is gone. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { denoFiles } from "../../deploy/deno_files.ts";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { CORPUS, isThere } from "./corpus.ts";

for (const version of [1, 2]) {
  const path = join(CORPUS, "icechunk", `test-repo-v${version}`);
  Deno.test({
    name:
      `Icechunk's repository of version ${version}: what is there is served, virtual chunks are 502`,
    ignore: !isThere(path),
    async fn() {
      for (const origins of [[], ["s3://testbucket/"]]) {
        const gateway = createGateway(
          parseCatalog(
            JSON.stringify({ datasets: { repo: { url: `file://${path}/`, origins } } }),
            () => undefined,
          ),
          new URL("file:///"),
          {
            files: denoFiles,
            log: () => {},
            fetch: () => Promise.resolve(new Response(null, { status: 404 })),
          },
        );
        const get = async (key: string) =>
          await gateway.fetch(new Request(`http://gateway/${key}`), {});
        const group = await (await get("repo/zarr.json")).json();
        assert.ok(group.consolidated_metadata.metadata["group1/big_chunks"]);
        for (const at of ["repo", "repo@main", "repo@it%20also%20works!", "repo@my-branch"]) {
          assert.equal((await get(`${at}/zarr.json`)).status, 200, at);
        }
        assert.equal((await get("repo@deleted/zarr.json")).status, 404);
        assert.equal((await get("repo/group1/big_chunks/c/0/1")).status, 200);
        assert.equal((await get("repo/group1/small_chunks/c/0")).status, 200);
        assert.equal((await get("repo/group1/big_chunks/c/2/0")).status, 404);
        const virtual = await get("repo/group1/big_chunks/c/0/0");
        assert.equal(virtual.status, 502);
        const reason = origins.length > 0 ? "reference-unreachable" : "origin-not-allowed";
        assert.equal((await virtual.json()).type, reason);
      }
    },
  });
}
