import assert from "node:assert/strict";
import { startGateway } from "./gateway.ts";

const ZARRAY = JSON.stringify({
  zarr_format: 2,
  shape: [4],
  chunks: [4],
  dtype: "|u1",
  order: "C",
  fill_value: 0,
  filters: null,
  compressor: null,
});

Deno.test("a name with a literal %20 is found however the client spells it, and so is one with a space", async () => {
  await using gateway = await startGateway();
  gateway.origin.files.set(
    "/set.json",
    new TextEncoder().encode(JSON.stringify({
      ".zgroup": '{"zarr_format":2}',
      "a%20b/.zarray": ZARRAY,
      "a%20b/0": "1234",
      "c d/.zarray": ZARRAY,
      "c d/0": "5678",
    })),
  );
  const names = [["a%20b", "1234"], ["a%2520b", "1234"], ["c d", "5678"], ["c%20d", "5678"]];
  for (const [name, expected] of names) {
    const response = await gateway.fetch(`/set/${name}/c/0`);
    assert.equal(response.status, 200, name);
    assert.equal(await response.text(), expected);
  }
  assert.equal((await gateway.fetch("/set/c%2520d/c/0")).status, 404);
});

Deno.test("a native group without its slash is listed, as zarr-python asks for it", async () => {
  await using gateway = await startGateway();
  gateway.origin.files.set(
    "/set.json",
    new TextEncoder().encode(JSON.stringify({
      ".zgroup": '{"zarr_format":2}',
      "g/.zgroup": '{"zarr_format":2}',
      "g/t/.zarray": ZARRAY,
      "g/t/0": "1234",
    })),
  );
  const page = await gateway.fetch("/set~native/g");
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<base href="\/set~native\/g\/"[\s\S]*<a href="t\/"/);
  assert.equal((await gateway.fetch("/set~native/h")).status, 404);
});
