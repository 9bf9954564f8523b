import assert from "node:assert/strict";
import { ELEMENTS, rawChunk } from "../fixtures/array_set.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { decodeChunk } from "../../src/chunk/decode_chunk.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";

const ARRAYS = ["plain", "deflated", "delta"];

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Opens the index, so that what follows counts a chunk's own requests. */
async function warm(gateway: TestGateway): Promise<void> {
  await (await gateway.fetch("/set/zarr.json")).body?.cancel();
  gateway.origin.requests.length = 0;
}

Deno.test("a chunk of every tier costs one GET of exactly its bytes, and decodes to the original", async () => {
  await using gateway = await startGateway();
  await warm(gateway);
  for (const name of ARRAYS) {
    const metadata = await (await gateway.fetch(`/set/${name}/zarr.json`)).json() as ArrayMetadata;
    for (let c = 0; c < 3; c++) {
      gateway.origin.requests.length = 0;
      const response = await gateway.fetch(`/set/${name}/c/${c}`);
      assert.equal(response.status, 200);
      const body = await bytesOf(response);
      assert.equal(response.headers.get("content-length"), String(body.length));
      assert.deepEqual(await decodeChunk(metadata, body), rawChunk(c));
      const { offset, length } = gateway.set.places[name][c];
      assert.deepEqual(
        gateway.origin.requests.map((
          { method, path, headers, bytesSent },
        ) => [method, path, headers.range, bytesSent]),
        [["GET", "/data.bin", `bytes=${offset}-${offset + length - 1}`, length]],
      );
    }
  }
});

Deno.test("HEAD and 304 of metadata, pass and frame chunks ask nothing of the origin and agree with GET", async () => {
  await using gateway = await startGateway();
  for (const key of ["zarr.json", "plain/zarr.json", "plain/c/0", "deflated/c/0"]) {
    const get = await gateway.fetch(`/set/${key}`);
    const body = await bytesOf(get);
    gateway.origin.requests.length = 0;
    const head = await gateway.fetch(`/set/${key}`, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), String(body.length));
    assert.equal((await bytesOf(head)).length, 0);
    const etag = get.headers.get("etag")!;
    assert.match(etag, /^"[^"]+"$/, "strong and quoted");
    const unmodified = await gateway.fetch(`/set/${key}`, {
      headers: { "if-none-match": `"x", ${etag}` },
    });
    assert.equal(unmodified.status, 304);
    for (const name of ["etag", "cache-control", "access-control-allow-origin"]) {
      assert.equal(head.headers.get(name), get.headers.get(name), name);
      assert.equal(unmodified.headers.get(name), get.headers.get(name), name);
    }
    assert.equal(gateway.origin.requests.length, 0, key);
  }
});

Deno.test("If-None-Match wins over Range; If-Range keeps the range only for the same bytes", async () => {
  await using gateway = await startGateway();
  const etag = (await gateway.fetch("/set/plain/c/0", { method: "HEAD" })).headers.get("etag")!;
  const status = async (headers: Record<string, string>) => {
    const response = await gateway.fetch("/set/plain/c/0", { headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status({ "if-none-match": etag, range: "bytes=0-1" }), 304);
  assert.equal(await status({ "if-none-match": '"other"', range: "bytes=0-1" }), 206);
  assert.equal(await status({ "if-none-match": "*" }), 304);
  assert.equal(await status({ "if-range": etag, range: "bytes=0-1" }), 206);
  assert.equal(await status({ "if-range": '"other"', range: "bytes=0-1" }), 200);
  assert.equal(await status({ "if-match": etag }), 200);
  assert.equal(await status({ "if-match": '"other"' }), 412);
});

const RANGES: Array<[range: string, from: number, to: number]> = [
  ["bytes=0-0", 0, 1],
  ["bytes=0-23", 0, 24],
  ["bytes=10-40", 10, 41],
  ["bytes=24-24", 24, 25],
  ["bytes=30-", 30, Infinity],
  ["bytes=-5", -5, Infinity],
  ["bytes=0-99999", 0, Infinity],
];
for (const [range, from, to] of RANGES) {
  Deno.test(`Range ${range} gives that part of every tier's chunk and metadata, and reads no more`, async () => {
    await using gateway = await startGateway();
    for (const key of ["zarr.json", ...ARRAYS.map((name) => `${name}/c/1`)]) {
      const whole = await bytesOf(await gateway.fetch(`/set/${key}`));
      gateway.origin.requests.length = 0;
      const response = await gateway.fetch(`/set/${key}`, { headers: { range } });
      assert.equal(response.status, 206, key);
      const start = from < 0 ? whole.length + from : from;
      const expected = whole.slice(start, Math.min(to, whole.length));
      assert.equal(
        response.headers.get("content-range"),
        `bytes ${start}-${start + expected.length - 1}/${whole.length}`,
      );
      assert.deepEqual(await bytesOf(response), expected);
      if (!key.startsWith("delta")) assert.ok(gateway.origin.bytesSent <= expected.length, key);
    }
  });
}

Deno.test("a range beyond the end is 416 with the length; several or malformed ranges give the whole", async () => {
  await using gateway = await startGateway();
  for (const name of ARRAYS) {
    const { length } = await bytesOf(await gateway.fetch(`/set/${name}/c/1`));
    const beyond = await gateway.fetch(`/set/${name}/c/1`, {
      headers: { range: `bytes=${length}-` },
    });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers.get("content-range"), `bytes */${length}`);
    assert.equal(beyond.headers.get("access-control-allow-origin"), "*");
    for (const range of ["bytes=0-1,4-5", "bytes=x", "chunks=0-1"]) {
      const response = await gateway.fetch(`/set/${name}/c/1`, { headers: { range } });
      assert.equal(response.status, 200);
      assert.equal((await bytesOf(response)).length, length);
    }
  }
});

Deno.test("404 means that the index proves the absence; it asks nothing of the origin and is cacheable", async () => {
  await using gateway = await startGateway();
  await warm(gateway);
  const absent = [
    "/set/plain/c/3",
    "/set/plain/c/4",
    "/set/plain/c/99999999999",
    "/set/plain/c",
    "/set/plain/c/0/0",
    "/set/plain/c/00",
    "/set/nope/zarr.json",
    "/set/plain/nope",
    "/set/.zgroup",
    "/set/plain/.zarray",
    "/set/zarr.json.aux.xml",
    "/set/../set.json",
    "/set/..%2f..%2fetc/passwd",
    "/set/%2e%2e/zarr.json",
    "/nothing/zarr.json",
    "/set/nope/",
    "/-/nope",
    "/-/refs/set/plain/c/3",
    "/-/refs/nope/c/0",
    "/set@main/zarr.json",
  ];
  for (const path of absent) {
    const response = await gateway.fetch(path);
    assert.equal(response.status, 404, path);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.match(response.headers.get("cache-control")!, /^public, max-age=\d+$/, path);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    const problem = await response.json();
    assert.equal(problem.type, "not-found");
    assert.equal(problem.status, 404);
    assert.ok(problem.requestId);
  }
  assert.equal(gateway.origin.requests.length, 0);
});

Deno.test("a badly escaped path is 400 or 404, an overlong one 414, never a crash", async () => {
  await using gateway = await startGateway();
  for (
    const path of ["/set/%", "/set/%zz", "/set/%ff%fe", `/set/${"a/".repeat(2000)}`, "/set/a%00b"]
  ) {
    const response = await gateway.fetch(path);
    assert.ok([400, 404].includes(response.status), path.slice(0, 20));
    await response.body?.cancel();
  }
  for (const path of [`/set/${"a".repeat(5000)}/zarr.json`, `/set/zarr.json?${"a".repeat(5000)}`]) {
    const response = await gateway.fetch(path);
    assert.equal(response.status, 414);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal((await response.json()).type, "key-too-long");
  }
});

Deno.test("only GET, HEAD and OPTIONS are answered, and a preflight allows what clients send", async () => {
  await using gateway = await startGateway();
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]) {
    const response = await gateway.fetch("/set/zarr.json", { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "GET, HEAD, OPTIONS");
    await response.body?.cancel();
  }
  const preflight = await gateway.fetch("/set/plain/c/0", { method: "OPTIONS" });
  assert.equal(preflight.status, 204);
  const allowed = preflight.headers.get("access-control-allow-headers")!;
  for (
    const name of ["Range", "If-None-Match", "If-Match", "If-Range", "traceparent", "Authorization"]
  ) assert.ok(allowed.includes(name), name);
  assert.ok(preflight.headers.has("access-control-max-age"));
  assert.equal(gateway.origin.requests.length, 0);
});

Deno.test("a chunk is octets with the CORS and timing headers that browsers need", async () => {
  await using gateway = await startGateway();
  const { headers, body } = await gateway.fetch("/set/deflated/c/0");
  await body?.cancel();
  assert.equal(headers.get("content-type"), "application/octet-stream");
  assert.equal(headers.get("content-encoding"), null);
  assert.equal(headers.get("timing-allow-origin"), "*");
  assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("accept-ranges"), "bytes");
  assert.match(headers.get("server-timing")!, /^index;dur=[\d.]+, origin;dur=[\d.]+$/);
  const exposed = headers.get("access-control-expose-headers")!;
  for (
    const name of [
      "Content-Range",
      "Content-Length",
      "ETag",
      "Accept-Ranges",
      "Retry-After",
      "Server-Timing",
    ]
  ) assert.ok(exposed.includes(name), name);
});

Deno.test("an unreachable reference is a 502 problem that tells nothing of the origin", async () => {
  await using gateway = await startGateway();
  await warm(gateway);
  gateway.origin.fault("/data.bin", {
    kind: "status",
    status: 403,
    headers: { "x-secret": "s" },
    body: "the bucket says no",
  });
  for (const name of ARRAYS) {
    const response = await gateway.fetch(`/set/${name}/c/0`);
    assert.equal(response.status, 502);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    const text = await response.text();
    const problem = JSON.parse(text);
    assert.equal(problem.type, "reference-unreachable");
    assert.equal(problem.dataset, "set");
    assert.equal(problem.key, `${name}/c/0`);
    assert.ok(!text.includes(String(gateway.origin.port)) && !text.includes("bucket"), text);
    assert.ok(gateway.log.some((line) => line.includes(problem.requestId)));
  }
});

Deno.test("/-/refs tells where a chunk's bytes are, in which codecs, and how they would be served", async () => {
  await using gateway = await startGateway();
  const tiers: Record<string, string> = { plain: "pass", deflated: "frame", delta: "transcode" };
  for (const name of ARRAYS) {
    const reference = await (await gateway.fetch(`/-/refs/set/${name}/c/2`)).json();
    assert.equal(reference.url, `${gateway.origin.url}data.bin`);
    assert.deepEqual(
      { offset: reference.offset, length: reference.length },
      gateway.set.places[name][2],
    );
    assert.equal(reference.tier, tiers[name]);
    assert.ok(reference.codecs.some((codec: { name: string }) => codec.name === "bytes"));
  }
});

Deno.test("~native and ~v2 give the stored bytes untouched, under v3 and v2 keys", async () => {
  await using gateway = await startGateway();
  for (const name of ARRAYS) {
    const { offset, length } = gateway.set.places[name][1];
    const stored = gateway.set.file.slice(offset, offset + length);
    assert.deepEqual(await bytesOf(await gateway.fetch(`/set~native/${name}/c/1`)), stored);
    assert.deepEqual(await bytesOf(await gateway.fetch(`/set~v2/${name}/1`)), stored);
    const zarray = await (await gateway.fetch(`/set~v2/${name}/.zarray`)).json();
    assert.equal(zarray.shape[0], 4 * ELEMENTS);
  }
  const native = await (await gateway.fetch("/set~native/deflated/zarr.json")).json();
  assert.deepEqual(native.codecs.map((codec: { name: string }) => codec.name), [
    "bytes",
    "numcodecs.shuffle",
    "numcodecs.zlib",
  ]);
  for (const path of ["/set~v2/zarr.json", "/set~v2/plain/c/1", "/set~native/.zgroup"]) {
    const response = await gateway.fetch(path);
    assert.equal(response.status, 404, path);
    await response.body?.cancel();
  }
  const zmetadata = await (await gateway.fetch("/set~v2/.zmetadata")).json();
  assert.equal(zmetadata.zarr_consolidated_format, 1);
  assert.ok(zmetadata.metadata["plain/.zarray"] && zmetadata.metadata[".zgroup"]);
});

Deno.test("the catalog, health and readiness answer, and / follows Accept", async () => {
  await using gateway = await startGateway({ dataset: { title: "A <set>" } });
  const catalog = await (await gateway.fetch("/-/catalog.json")).json();
  assert.deepEqual(catalog.datasets.set, { title: "A <set>", maxAge: 60, href: "/set/" });
  assert.deepEqual(await (await gateway.fetch("/")).json(), catalog);
  const page = await gateway.fetch("/", { headers: { accept: "text/html" } });
  assert.match(page.headers.get("content-type")!, /^text\/html/);
  assert.ok((await page.text()).includes("A &lt;set&gt;"));
  assert.equal((await gateway.fetch("/-/health")).status, 200);
  assert.equal((await gateway.fetch("/-/ready")).status, 200);
  gateway.gateway.stop();
  assert.equal((await gateway.fetch("/-/ready")).status, 503);
  assert.equal((await gateway.fetch("/-/health")).status, 200);
});

Deno.test("a listing has one relative link a line for each node", async () => {
  await using gateway = await startGateway();
  for (const path of ["/set/", "/set", "/set~v2/"]) {
    const page = await (await gateway.fetch(path)).text();
    const links = [...page.matchAll(/<a href="([^"/]+\/?)"/g)].map((match) => match[1]);
    const documents = path === "/set~v2/" ? [".zgroup", ".zattrs", ".zmetadata"] : ["zarr.json"];
    assert.deepEqual(links, [...documents, "deflated/", "delta/", "plain/"]);
    assert.match(page, /<title>Index of \/set(~v2)?\/<\/title>/);
  }
});

Deno.test("a protected dataset is 401 without its token, whatever the key, and private with it", async () => {
  await using gateway = await startGateway({ dataset: { tokens: ["letmein"] } });
  for (
    const path of [
      "/set/",
      "/set/zarr.json",
      "/set/plain/c/0",
      "/set/nope",
      "/-/refs/set/plain/c/0",
    ]
  ) {
    const refused = await gateway.fetch(path);
    assert.equal(refused.status, 401, path);
    assert.match(refused.headers.get("www-authenticate")!, /^Bearer/);
    assert.equal((await refused.json()).type, "unauthorized");
    const headers = { authorization: "Bearer letmein" };
    const answered = await gateway.fetch(path, { headers });
    assert.equal(answered.status, path.endsWith("nope") ? 404 : 200, path);
    assert.match(answered.headers.get("cache-control")!, /^private/, path);
    await answered.body?.cancel();
  }
  assert.ok((await (await gateway.fetch("/-/catalog.json")).json()).datasets.set.protected);
});

Deno.test("an index is looked at again after maxAge, and a changed one is served from then on", async () => {
  await using gateway = await startGateway({ dataset: { maxAge: 0 } });
  assert.equal((await gateway.fetch("/set/plain/c/3", { method: "HEAD" })).status, 404);
  const references = gateway.set.references(`${gateway.origin.url}data.bin`) as {
    refs: Record<string, unknown>;
  };
  references.refs["plain/3"] = `base64:${new Uint8Array(4 * ELEMENTS).toBase64()}`;
  gateway.origin.files.set("/set.json", new TextEncoder().encode(JSON.stringify(references)));
  assert.equal((await gateway.fetch("/set/plain/c/3", { method: "HEAD" })).status, 200);
});

for (const validate of [true, false]) {
  Deno.test(`a file that changes under its index is ${validate ? "502 source-changed" : "read as it is, where the dataset says so"}`, async () => {
    await using gateway = await startGateway({ dataset: { validate } });
    assert.equal((await gateway.fetch("/set/plain/c/0")).status, 200);
    const changed = gateway.set.file.slice();
    changed[gateway.set.places.plain[1].offset] ^= 1;
    gateway.origin.files.set("/data.bin", changed);
    for (const name of ARRAYS) {
      const response = await gateway.fetch(`/set/${name}/c/1`);
      assert.equal(response.status, validate ? 502 : 200, name);
      if (validate) assert.equal((await response.json()).type, "source-changed");
      else await response.body?.cancel();
    }
  });
}

Deno.test("a chunk that is asked for again and again is kept, within chunkCacheBytes", async () => {
  for (const [chunkCacheBytes, reads] of [[2 ** 20, 2], [0, 4]]) {
    await using gateway = await startGateway({ more: { limits: { chunkCacheBytes } } });
    await warm(gateway);
    const bodies = new Set<string>();
    for (let i = 0; i < 4; i++) {
      bodies.add((await bytesOf(await gateway.fetch("/set/deflated/c/0"))).toHex());
    }
    assert.equal(bodies.size, 1);
    assert.equal(gateway.origin.requests.length, reads);
  }
});

Deno.test("rates are kept for each token and address, and are off unless the catalog says them", async () => {
  const limits = { requestsPerSecondPerToken: 1, requestsPerSecondPerAddress: 2 };
  const priv = { url: "none.json", tokens: ["t"] };
  await using limited = await startGateway({ more: { limits }, others: { priv } });
  await using free = await startGateway();
  const statuses = async (gateway: TestGateway, address: string, token?: string) => {
    const found: number[] = [];
    for (let i = 0; i < 6; i++) {
      const headers: HeadersInit = token ? { authorization: `Bearer ${token}` } : {};
      const request = new Request("http://gateway/-/catalog.json", { headers });
      const response = await gateway.gateway.fetch(request, { address });
      if (response.status === 429) assert.ok(Number(response.headers.get("retry-after")) > 0);
      await response.body?.cancel();
      found.push(response.status);
    }
    return found.filter((status) => status === 429).length;
  };
  assert.equal(await statuses(free, "10.0.0.1", "t"), 0);
  assert.equal(await statuses(limited, "10.0.0.1"), 2);
  const health = await limited.gateway.fetch(new Request("http://gateway/-/health"), {
    address: "10.0.0.1",
  });
  assert.equal(health.status, 200, "health has no rate");
  assert.equal(await statuses(limited, "10.0.0.2"), 2, "another address has its own rate");
  assert.equal(await statuses(limited, "10.0.0.3", "t"), 4, "a token's rate is the lower one");
  const made = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((i) => statuses(limited, "10.0.0.4", `${i}`)),
  );
  assert.equal(
    made.reduce((a, b) => a + b),
    36 - 4,
    "tokens that open nothing share the address's",
  );
});
