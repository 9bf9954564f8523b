import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { startGateway } from "./gateway.ts";

const GZIP = { "accept-encoding": "gzip, deflate" };

Deno.test("metadata documents are sent in gzip to who accepts it, with an entity tag of their own", async () => {
  await using gateway = await startGateway();
  for (const key of ["/set/zarr.json", "/set~native/zarr.json", "/set~v2/.zmetadata"]) {
    const plain = await gateway.fetch(key);
    const text = await plain.bytes();
    assert.equal(plain.headers.get("content-encoding"), null);
    const coded = await gateway.fetch(key, { headers: GZIP });
    const body = await coded.bytes();
    assert.equal(coded.status, 200);
    assert.equal(coded.headers.get("content-encoding"), "gzip", `${key} of ${text.length}`);
    assert.equal(coded.headers.get("content-length"), String(body.length));
    assert.deepEqual(new Uint8Array(gunzipSync(body)), text);
    assert.ok(body.length < text.length / 2, `${body.length} of ${text.length}`);
    for (const response of [plain, coded]) {
      assert.match(response.headers.get("vary")!, /accept-encoding/i);
      assert.match(response.headers.get("etag")!, /^"/, "strong");
    }
    assert.notEqual(coded.headers.get("etag"), plain.headers.get("etag"));
    const head = await gateway.fetch(key, { method: "HEAD", headers: GZIP });
    for (const name of ["content-encoding", "content-length", "etag", "vary", "cache-control"]) {
      assert.equal(head.headers.get(name), coded.headers.get(name), name);
    }
    assert.equal((await head.bytes()).length, 0);
    const etag = coded.headers.get("etag")!;
    const unmodified = await gateway.fetch(key, { headers: { ...GZIP, "if-none-match": etag } });
    assert.equal(unmodified.status, 304);
    assert.equal(unmodified.headers.get("etag"), etag);
    const other = await gateway.fetch(key, { headers: { "if-none-match": etag } });
    assert.equal(other.status, 200, "the tag of another coding is another tag");
    await other.body?.cancel();
  }
});

Deno.test("a range is one of the document as it is, whatever is accepted", async () => {
  await using gateway = await startGateway();
  const whole = await (await gateway.fetch("/set/zarr.json")).bytes();
  const part = await gateway.fetch("/set/zarr.json", { headers: { ...GZIP, range: "bytes=5-24" } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("content-encoding"), null);
  assert.equal(part.headers.get("content-range"), `bytes 5-24/${whole.length}`);
  assert.deepEqual(await part.bytes(), whole.slice(5, 25));
});

const ACCEPTED: Array<[header: string, coding: string | null]> = [
  ["gzip", "gzip"],
  ["GZip;q=0.5", "gzip"],
  ["br, *", "gzip"],
  ["gzip;q=0, *", null],
  ["gzip; q=0", null],
  ["identity", null],
  ["br", null],
  ["", null],
];
for (const [header, coding] of ACCEPTED) {
  Deno.test(`Accept-Encoding "${header}" is answered in ${coding ?? "no coding"}; chunks never are`, async () => {
    await using gateway = await startGateway();
    const headers = { "accept-encoding": header };
    const document = await gateway.fetch("/set/zarr.json", { headers });
    await document.body?.cancel();
    assert.equal(document.headers.get("content-encoding"), coding);
    const chunk = await gateway.fetch("/set/plain/c/0", { headers });
    await chunk.body?.cancel();
    assert.equal(chunk.headers.get("content-encoding"), null);
  });
}
