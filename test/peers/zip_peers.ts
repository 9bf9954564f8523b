/** Zipped Zarr stores: every client reads through the gateway what zarr-python reads of the store unzipped. */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { FetchStore, get, open, root } from "npm:zarrita@0.7.5";
import { ServerProcess } from "./load_processes.ts";
import { peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

interface Expected {
  readonly files: Record<string, number>;
  readonly arrays: Record<string, Record<string, { readonly values: readonly number[] }>>;
}

Deno.test("xarray, zarr-python, GDAL and zarrita read zipped stores as the stores unzipped", async (t) => {
  const folder = await sharedFolder();
  await Deno.copyFile(peersFile("zip.py"), `${folder.host}/zip.py`);
  await Deno.copyFile(peersFile("../fixtures/zip/make.py"), `${folder.host}/make.py`);
  const script = `${folder.inside}/zip.py`;
  const written = await runInRoot(["python3", script, "write", folder.inside]);
  assert.ok(written.success, written.errors);
  const { files }: { files: string[] } = JSON.parse(written.output);
  assert.equal(files.length, 12);
  const expected: Expected = JSON.parse(await Deno.readTextFile(`${folder.host}/expected.json`));
  const nameOf = (file: string) => file.replaceAll(".", "-");
  const datasets = Object.fromEntries(
    files.map((file) => [nameOf(file), {
      url: `${folder.host}/${file}`,
      origins: [`${folder.host}/`],
    }]),
  );
  {
    await using server = await ServerProcess.start(folder.host, { datasets });
    await t.step("xarray, zarr-python and GDAL, in every view", async () => {
      const checked = await runInRoot(["python3", script, "check", folder.inside, server.url]);
      assert.ok(checked.success, checked.output || checked.errors);
      const [, compared] = /^(\d+) compared, 0 differences/.exec(checked.output) ?? [];
      assert.ok(Number(compared) > 150, checked.output);
    });
    await t.step("zarrita", async () => {
      let compared = 0;
      for (const [file, version] of Object.entries(expected.files)) {
        for (const [path, { values }] of Object.entries(expected.arrays[version])) {
          if (path === "sharded" && !file.includes("stored")) continue;
          const store = new FetchStore(`${server.url}/${nameOf(file)}`);
          const array = await open(root(store).resolve(path), { kind: "array" });
          const read: unknown = await get(array);
          const { data = [read] } = read as { data?: unknown };
          const got = Array.from(data as Iterable<number>, Number);
          assert.deepEqual(got, values, `${file} ${path}`);
          compared++;
        }
      }
      assert.ok(compared >= 35, `${compared}`);
    });
    await t.step("HEAD and ranges of a deflated chunk agree with the whole", async () => {
      const url = `${server.url}/v3_deflated-zarr-zip/plain/c/1/1`;
      const whole = new Uint8Array(await (await fetch(url)).arrayBuffer());
      assert.equal(gunzipSync(whole).length, 10 * 12 * 4);
      const head = await fetch(url, { method: "HEAD" });
      assert.equal(Number(head.headers.get("content-length")), whole.length);
      for (const [from, to] of [[0, 3], [5, 40], [whole.length - 12, whole.length - 1], [9, 10]]) {
        const part = await fetch(url, { headers: { range: `bytes=${from}-${to}` } });
        assert.equal(part.status, 206);
        assert.deepEqual(new Uint8Array(await part.arrayBuffer()), whole.slice(from, to + 1));
      }
      assert.equal((await fetch(`${server.url}/v3_deflated-zarr-zip/plain/c/9/9`)).status, 404);
    });
  }
  await Deno.remove(folder.host, { recursive: true });
});
