import assert from "node:assert/strict";
import { Miniflare } from "miniflare";
import * as zarr from "zarrita";
import { startOrigin } from "../faults/origin_server.ts";
import { arraySet, ELEMENTS } from "../fixtures/array_set.ts";

const ROOT = new URL("../..", import.meta.url);

/** `deploy/worker.ts` as one script. */
async function bundle(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/worker.js`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--platform",
      "browser",
      "--external",
      "node:*",
      "-o",
      path,
      "deploy/worker.ts",
    ],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const script = await Deno.readTextFile(path);
  await Deno.remove(folder, { recursive: true });
  return script;
}

Deno.test({
  name: "the same core runs in workerd: zarrita reads an array of each tier through it",
  // miniflare keeps sockets of its own to the end of the process
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const set = arraySet();
    await using origin = await startOrigin({
      root: new URL("samples", ROOT).pathname,
      files: { "/data.bin": set.file },
    });
    const references = set.references(`${origin.url}data.bin`);
    origin.files.set("/set.json", new TextEncoder().encode(JSON.stringify(references)));
    const origins = [origin.url];
    const catalog = {
      datasets: {
        set: { url: `${origin.url}set.json`, origins },
        ocean: { url: `${origin.url}ocean.json`, origins },
        parquet: { url: `${origin.url}ocean.parq/`, origins },
      },
    };
    const worker = new Miniflare({
      modules: true,
      script: await bundle(),
      compatibilityDate: "2026-07-01",
      compatibilityFlags: ["nodejs_compat"],
      host: "127.0.0.1",
      bindings: { CATALOG: JSON.stringify(catalog) },
    });
    try {
      const url = (await worker.ready).href;
      const open = (path: string) =>
        zarr.open.v3(zarr.root(new zarr.FetchStore(`${url}${path}`)), { kind: "array" });
      for (const name of ["plain", "deflated", "delta"]) {
        const { data } = await zarr.get(await open(`set/${name}`), null);
        for (let i = 0; i < 4 * ELEMENTS; i++) {
          const chunk = Math.floor(i / ELEMENTS);
          const expected = chunk === 3 ? -1 : chunk * 1000 + i % ELEMENTS;
          assert.equal((data as Int32Array)[i], expected, `${name}[${i}]`);
        }
      }
      const json = await zarr.get(await open("ocean/thetao"), [0, 0, null, null]);
      const parquet = await zarr.get(await open("parquet/thetao"), [0, 0, null, null]);
      assert.deepEqual(parquet.data, json.data);
      assert.ok(new Set(json.data as Int16Array).size > 100, "an ocean, not fill");

      origin.fault("/data.bin", { kind: "status", status: 500 });
      const failed = await fetch(`${url}set/plain/c/1`);
      assert.equal(failed.status, 503);
      assert.equal((await failed.json()).type, "origin-unavailable");
      assert.equal(failed.headers.get("access-control-allow-origin"), "*");
      origin.heal();
      origin.fault("/data.bin", { kind: "short" });
      await assert.rejects(async () => {
        const response = await fetch(`${url}set/plain/c/1`);
        if (response.status === 502) throw new TypeError("refused before its headers");
        await response.bytes();
      }, TypeError);
    } finally {
      await worker.dispose();
    }
  },
});
