import assert from "node:assert/strict";
import { startGateway } from "./gateway.ts";

const HTML = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };

Deno.test("a browser that asks for a problem gets a page, a program its document", async () => {
  await using gateway = await startGateway({ dataset: { tokens: ["t"], title: "<Set>" } });
  for (
    const [path, status, text] of [
      ["/nope", 404, "No dataset owns this path"],
      ["/-/nope", 404, "No dataset owns this path"],
      ["/set/zarr.json", 401, "This dataset needs a token"],
      ["/%zz", 400, "The request cannot be understood"],
    ] as const
  ) {
    const page = await gateway.fetch(path, HTML);
    const body = await page.text();
    assert.equal(page.status, status, path);
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8", path);
    // a cache that does not heed Vary would give it to Zarr clients
    assert.equal(page.headers.get("cache-control"), "no-store", path);
    assert.match(body, new RegExp(`<h1>[^<]+</h1>\\s*<p>|${text}`), path);
    assert.ok(body.includes(text), body);
    const plain = await gateway.fetch(path, { headers: { accept: "*/*" } });
    assert.equal(plain.headers.get("content-type"), "application/problem+json", path);
    assert.equal((await plain.json()).status, status, path);
  }
  const refused = await gateway.fetch("/set/zarr.json", HTML);
  assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer/);
});

Deno.test("an array's bare name leads a browser to its page; for Zarr clients there is no such key", async () => {
  await using gateway = await startGateway();
  for (const prefix of ["/set", "/set~native", "/set~v2", "/set.zarr"]) {
    const asked = await gateway.fetch(`${prefix}/plain`, HTML);
    assert.equal(asked.status, 303, prefix);
    assert.equal(asked.headers.get("location"), "./plain/", prefix);
    assert.equal(asked.headers.get("cache-control"), "no-store", prefix);
    const page = await gateway.fetch(`${prefix}/plain/`, HTML);
    assert.match(await page.text(), /<h1>plain<\/h1>/, prefix);
    for (const accept of ["*/*", "application/json", undefined]) {
      const headers = accept === undefined ? undefined : { accept };
      const bare = await gateway.fetch(`${prefix}/plain`, { headers });
      assert.equal(bare.status, 404, `${prefix} ${accept}`);
    }
  }
  // keys are keys for everybody
  assert.equal((await gateway.fetch("/set/zarr.json", HTML)).status, 200);
});
