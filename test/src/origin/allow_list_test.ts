import assert from "node:assert/strict";
import { OriginError, SluiceError } from "../../../src/errors.ts";
import { isPrivateHost } from "../../../src/origin/address.ts";
import { PrefixSet } from "../../../src/origin/allow_list.ts";
import { originsFor } from "../../../src/origin/mod.ts";
import { ALLOW, REFUSED } from "./refused_urls.ts";

const ALLOWED = [
  "https://data.example.org/public/a.nc",
  "https://DATA.Example.ORG/public/a.nc",
  "https://data.example.org./public/a.nc",
  "https://data.example.org:443/public/a.nc",
  "https://data.example.org/x/../public/a.nc",
  "https://data.example.org/%70ublic/a.nc",
  "https://data.example.org/public/a%20b.nc?version=2",
  "https://data.example.org/public/a+b;c=d.nc",
  "https://ｄata.example.org/public/a.nc",
  "https://data.example.org:8443/other/a.nc",
  "http://plain.example.org/",
  "https://exact.example.org/one.nc",
  "https://xn--fa-hia.example/a.nc",
  "s3://bucket/prefix/a.nc",
  "s3a://bucket/prefix/a.nc",
  "s3://bucket/prefix//double//slash",
  "s3://bucket/prefix/100%25+a%20b%3F%23.nc",
  "gs://bucket/k",
  "gcs://bucket/k",
  "az://container/data/k",
  "abfs://container@account.dfs.core.windows.net/k",
  "abfss://container@account.dfs.core.windows.net/k",
];

Deno.test("an allowed URL is allowed in every equal spelling", () => {
  const allow = new PrefixSet(ALLOW);
  for (const text of ALLOWED) assert.ok(allow.has(new URL(text)), text);
});

Deno.test(`${REFUSED.length} spellings of what is not allowed open no socket`, async () => {
  const sockets: string[] = [];
  const origins = originsFor({
    concurrentPerOrigin: 4,
    requestTimeoutMs: 1000,
    settings: { "https://data.example.org/": { redirects: ["127.0.0.1"], bearer: "secret" } },
    fetch: (input) => {
      sockets.push(String(input));
      return Promise.resolve(new Response("x"));
    },
  });
  const origin = origins(ALLOW);
  for (const text of REFUSED) {
    // what the URL parser itself refuses can be no reference's URL
    if (!URL.canParse(text)) continue;
    const url = new URL(text);
    for (
      const run of [
        () => origin.read({ url }, { offset: 0, length: 1 }),
        () => origin.read({ url }, undefined),
        () => origin.head({ url }),
        () => origin.list!({ url }),
      ]
    ) {
      await assert.rejects(run, (fault: unknown) => {
        assert.ok(fault instanceof OriginError, `${text}: ${fault}`);
        assert.equal(fault.code, "origin-not-allowed", text);
        return true;
      }, text);
    }
  }
  assert.deepEqual(sockets, []);
  assert.ok(REFUSED.filter((text) => URL.canParse(text)).length > 90);
});

Deno.test("a private address is allowed where an entry names exactly it, in any spelling", () => {
  const allow = new PrefixSet(["http://127.0.0.1:9000/", "http://[::1]/a/"]);
  for (const text of ["http://127.0.0.1:9000/a", "http://0x7f.1:9000/a", "http://[0::1]/a/b"]) {
    assert.ok(allow.has(new URL(text)), text);
  }
  for (
    const text of [
      "http://127.0.0.1/a",
      "http://127.0.0.2:9000/a",
      "http://[::ffff:127.0.0.1]:9000/a",
      "http://localhost:9000/a",
      "http://[::1]/b",
    ]
  ) {
    assert.ok(!allow.has(new URL(text)), text);
  }
});

Deno.test("private hosts are told from public ones", () => {
  const hostname = (text: string) => new URL(`http://${text}/`).hostname;
  for (
    const text of [
      "127.0.0.1",
      "2130706433",
      "10.1.2.3",
      "169.254.169.254",
      "0",
      "100.64.0.1",
      "[::1]",
      "[::]",
      "[::ffff:8.8.8.8]",
      "[64:ff9b::808:808]",
      "[2002:808:808::]",
      "[fe80::1]",
      "[fd00::1]",
      "localhost",
      "a.localhost.",
      "metadata.google.internal",
    ]
  ) {
    assert.ok(isPrivateHost(hostname(text)), text);
  }
  for (const text of ["8.8.8.8", "example.org", "[2606:4700::1]", "localhost.example.org"]) {
    assert.ok(!isPrivateHost(hostname(text)), text);
  }
});

Deno.test("an entry that is no URL is refused with its text", () => {
  for (const entry of ["bucket/prefix/", "", "http://", "https://a b/"]) {
    assert.throws(
      () => new PrefixSet([entry]),
      (fault: unknown) => fault instanceof SluiceError && fault.message.includes(`"${entry}"`),
    );
  }
});

Deno.test("a URL object that is changed after it was allowed is judged anew", () => {
  const allowed = new PrefixSet(["https://data.example.org/public/"]);
  const url = new URL("https://data.example.org/public/a.nc");
  assert.equal(allowed.has(url), true);
  url.pathname = "/private/a.nc";
  assert.equal(allowed.has(url), false);
  url.href = "https://data.example.org/public/b.nc";
  assert.equal(allowed.has(url), true);
  url.username = "somebody";
  assert.throws(() => allowed.has(url), OriginError);
});
