import assert from "node:assert/strict";
import { CatalogError, DATASET_ID, parseCatalog } from "../../../src/catalog/catalog_file.ts";

const environment = (name: string) => ({ KEY: "k", EMPTY: "" })[name];
const parse = (value: unknown) => parseCatalog(JSON.stringify(value), environment);

Deno.test("parseCatalog() fills in the defaults", () => {
  const config = parse({ datasets: { a: { url: "x.json" } } });
  assert.deepEqual(config.datasets.a, {
    url: "x.json",
    origins: [],
    maxAge: 60,
    staleIfError: 0,
    validate: true,
  });
  assert.deepEqual(config.limits, {
    indexCacheBytes: 67108864,
    chunkCacheBytes: 67108864,
    concurrentPerOrigin: 64,
    requestTimeoutMs: 30000,
    connections: 512,
  });
});

Deno.test("parseCatalog() reads comments and environment variables", () => {
  const config = parseCatalog(
    `{ // one\n "datasets": {}, "origins": {"s3://b/": {"accessKeyId": "$KEY"}}, }`,
    environment,
  );
  assert.equal(config.origins["s3://b/"].accessKeyId, "k");
});

const FAULTY: Array<[what: string, value: unknown, message: RegExp]> = [
  ["a dataset without url", { datasets: { a: {} } }, /^datasets\.a\.url: /],
  ["an unknown member", { datasets: { a: { url: "x", orgins: [] } } }, /^datasets\.a\.orgins: /],
  [
    "a prefix without slash",
    { datasets: { a: { url: "x", origins: ["s3://foo"] } } },
    /^datasets\.a\.origins\.0: .*end in \//,
  ],
  ["an odd id", { datasets: { "a b": { url: "x" } } }, /^datasets\.a b: /],
  ["a reserved id", { datasets: { "-/a": { url: "x" } } }, /^datasets\.-\/a: /],
  ["a negative age", { datasets: { a: { url: "x", maxAge: -1 } } }, /^datasets\.a\.maxAge: /],
  [
    "a missing variable",
    { datasets: {}, origins: { "s3://b/": { bearer: "$NOPE" } } },
    /^origins\.s3:\/\/b\/\.bearer: .*NOPE is not set/,
  ],
  ["no datasets", {}, /^datasets: /],
];
for (const [what, value, message] of FAULTY) {
  Deno.test(`parseCatalog() names the place of ${what}`, () => {
    assert.throws(
      () => parse(value),
      (error) => error instanceof CatalogError && message.test(error.message),
    );
  });
}

Deno.test("parseCatalog() names the line of a syntax error", () => {
  assert.throws(() => parseCatalog('{\n"datasets": {\n]', environment), /^CatalogError: line 3/);
});

Deno.test("a dataset id never hides a route or leaves its place", () => {
  for (const id of ["a", "a/b", "A.b_c-9", "-a"]) assert.ok(DATASET_ID.test(id), id);
  for (const id of ["", "-", "-/a", "a//b", "/a", "a/", "..", "a/..", ".", "a@b", "a~v2", "é"]) {
    assert.ok(!DATASET_ID.test(id), id);
  }
});
