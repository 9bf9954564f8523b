import assert from "node:assert/strict";
import { isChunkKey } from "../../src/http/streaming_client.ts";
import { startGateway } from "./gateway.ts";

const GDAL = { "user-agent": "GDAL/3.13.3" };

Deno.test("to GDAL, which fills on any status, a chunk's fault is a body that breaks off after its first byte", async () => {
  await using gateway = await startGateway();
  gateway.origin.fault("/data.bin", { kind: "status", status: 403 });
  for (const name of ["plain", "deflated", "delta"]) {
    const response = await gateway.fetch(`/set/${name}/c/0`, { headers: GDAL });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const reader = response.body!.getReader();
    assert.equal((await reader.read()).value?.length, 1);
    await assert.rejects(reader.read(), TypeError);
  }
  assert.equal(gateway.log.length, 3, "the log has the faults as they are");
});

Deno.test("everything else that GDAL asks for is answered as it is to others", async () => {
  await using gateway = await startGateway();
  const status = async (path: string, headers: Record<string, string>, method = "GET") => {
    const response = await gateway.fetch(path, { method, headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status("/set/plain/c/0", GDAL), 200);
  assert.equal(await status("/set/plain/c/3", GDAL), 404);
  assert.equal(await status("/set/nope/zarr.json", GDAL), 404);
  gateway.origin.fault("/data.bin", { kind: "status", status: 403 });
  assert.equal(await status("/set/plain/c/1", { ...GDAL, range: "bytes=0-9" }), 502);
  assert.equal(await status("/set/delta/c/1", GDAL, "HEAD"), 502);
  assert.equal(await status("/set/plain/c/1", { "user-agent": "curl" }), 502);
  gateway.origin.fault("/set.json", { kind: "status", status: 500 });
});

Deno.test("a chunk key is known by its last part, in every encoding", () => {
  for (const key of ["c", "a/c", "a/c/0", "a/c/0/12", "a/0", "a/0.1", "a/c.0.1", "0"]) {
    assert.ok(isChunkKey(key), key);
  }
  for (const key of ["zarr.json", "a/zarr.json", "a/.zarray", "abc", "a/", "", undefined]) {
    assert.ok(!isChunkKey(key), String(key));
  }
});

Deno.test("an uncompressed chunk of another length than its array says is no chunk", async () => {
  await using gateway = await startGateway();
  const references = gateway.set.references(`${gateway.origin.url}data.bin`) as {
    refs: Record<string, [string, number, number]>;
  };
  for (const [name, by] of [["plain/0", -4], ["plain/1", 4], ["plain/2", 0]] as const) {
    references.refs[name][2] += by;
  }
  gateway.origin.files.set("/set.json", new TextEncoder().encode(JSON.stringify(references)));
  for (const [c, status] of [[0, 502], [1, 502], [2, 200]]) {
    for (const method of ["GET", "HEAD"]) {
      const response = await gateway.fetch(`/set/plain/c/${c}`, { method });
      assert.equal(response.status, status);
      await response.body?.cancel();
    }
  }
});
