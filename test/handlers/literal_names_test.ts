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

Deno.test("a name with a question mark is found as clients send it, and a token behind a key is none", async () => {
  await using gateway = await startGateway();
  gateway.origin.files.set(
    "/set.json",
    new TextEncoder().encode(JSON.stringify({
      ".zgroup": '{"zarr_format":2}',
      "a?b/.zarray": ZARRAY,
      "a?b/0": "1234",
      "a%3Fb/.zarray": ZARRAY.replace("[4]", "[8]"),
      "a%3Fb/0": "5555",
      "a%3Fb/1": "wrong",
      "?c/.zarray": ZARRAY,
      "?c/0": "5678",
      "d/.zarray": ZARRAY,
      "d/0": "9abc",
      "e?f g?h/.zarray": ZARRAY,
      "e?f g?h/0": "defg",
    })),
  );
  const found = [
    ["a?b/c/0", "1234"],
    ["a%3Fb/c/0", "1234"],
    ["?c/c/0", "5678"],
    ["e?f%20g?h/c/0", "defg"],
    ["e?f+g?h/c/0", "defg"],
    ["d/c/0?token=x", "9abc"],
    ["d/c/0?sig=a/b/c/0", "9abc"],
    ["d/c/0?", "9abc"],
    ["d/c/0?%", "9abc"],
    ["d/c/0?%00", "9abc"],
  ];
  for (const view of ["", "~native", "~v2"]) {
    for (const [key, expected] of found) {
      const path = view === "~v2" ? key.replace("/c/0", "/0") : key;
      const response = await gateway.fetch(`/set${view}/${path}`);
      assert.equal(response.status, 200, `${view} ${path}`);
      assert.equal(await response.text(), expected, `${view} ${path}`);
    }
  }
  const metadata = await (await gateway.fetch("/set/a?b/zarr.json")).json();
  assert.deepEqual(metadata.shape, [4]);
  for (const key of ["a?b/c/1", "a?x/c/0", "d?x/zarr.json", "a?b"]) {
    assert.equal((await gateway.fetch(`/set/${key}`)).status, 404, key);
  }
  assert.equal((await gateway.fetch("/set/zarr.json?token=a/b")).status, 200);
  assert.equal((await gateway.fetch("/set?token=a")).status, 200);
  assert.equal((await gateway.fetch("/set/?token=a")).status, 200);
});
