import assert from "node:assert/strict";
import { OriginError, SluiceError } from "../../../src/errors.ts";
import { isPrivateHost } from "../../../src/origin/address.ts";
import { PrefixSet } from "../../../src/origin/allow_list.ts";
import { originsFor } from "../../../src/origin/mod.ts";

const ALLOW = [
  "https://data.example.org/public/",
  "https://data.example.org:8443/other/",
  "http://plain.example.org/",
  "https://exact.example.org/one.nc",
  "https://faß.example/",
  "s3://bucket/prefix/",
  "gs://bucket/",
  "az://container/data/",
  "abfs://container@account.dfs.core.windows.net/",
];

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

/** Spellings that lead elsewhere than allowed; none may open a socket. */
const REFUSED = [
  // addresses of this machine, its network and its cloud, however they are written
  "http://127.0.0.1/",
  "http://127.1/",
  "http://127.0.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0x7f.0.0.1/",
  "http://0x7F.0x0.0x0.0x1/",
  "http://0177.0.0.1/",
  "http://0177.0.0.01/",
  "http://017700000001/",
  "http://127.000.000.001/",
  "http://127.0.0.1./",
  "http://127.0.0.1:80/",
  "http://127.0.0.1:8080/",
  "http://1２7.0.0.1/",
  "http://①②⑦.⓪.⓪.①/",
  "http://１２７。０。０。１/",
  "http://127。0。0。1/",
  "http://%31%32%37.0.0.1/",
  "http://0/",
  "http://0.0.0.0/",
  "http://00000/",
  "http://[::]/",
  "http://[::1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[0000::0001]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[::127.0.0.1]/",
  "http://[64:ff9b::127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://[2002:a9fe:a9fe::1]/",
  "http://[fe80::1]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/latest/meta-data/",
  "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/latest/meta-data/",
  "http://0xa9fea9fe/",
  "http://0251.0376.0251.0376/",
  "http://169.254.43518/",
  "http://[::ffff:169.254.169.254]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[64:ff9b::a9fe:a9fe]/",
  "http://10.0.0.1/",
  "http://172.16.0.1/",
  "http://192.168.1.1/",
  "http://100.64.0.1/",
  "http://198.18.0.1/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://localhost/",
  "http://LOCALHOST./",
  "http://foo.localhost/",
  "http://metadata.google.internal/computeMetadata/v1/",
  "http://127.0.0.1.nip.io/",
  "http://ⓛocalhost/",
  // the allowed host, with someone else in front or behind
  "https://data.example.org@127.0.0.1/public/a.nc",
  "https://user@data.example.org/public/a.nc",
  "https://user:password@data.example.org/public/a.nc",
  "https://:password@data.example.org/public/a.nc",
  "https://data.example.org.evil.example/public/a.nc",
  "https://evil.example/data.example.org/public/a.nc",
  "https://data.example.org%2eevil.example/public/a.nc",
  "https://xdata.example.org/public/a.nc",
  "https://data.example.org..evil.example/public/",
  // another port or scheme
  "https://data.example.org:444/public/a.nc",
  "https://data.example.org:8443/public/a.nc",
  "http://data.example.org/public/a.nc",
  "https://plain.example.org/",
  "http://plain.example.org:81/",
  "ftp://data.example.org/public/a.nc",
  "ws://data.example.org/public/a.nc",
  "gopher://data.example.org/public/a.nc",
  "data:text/plain,hello",
  "blob:https://data.example.org/public/a.nc",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "file://data.example.org/public/a.nc",
  // out of the prefix, or not to be told from it
  "https://data.example.org/",
  "https://data.example.org/public",
  "https://data.example.org/public-not/a.nc",
  "https://data.example.org/Public/a.nc",
  "https://data.example.org/public/../secret",
  "https://data.example.org/public/..",
  "https://data.example.org/public/%2e%2e/secret",
  "https://data.example.org/public/.%2E/secret",
  "https://data.example.org/public\\..\\..\\secret",
  "https://data.example.org/public/..%2fsecret",
  "https://data.example.org/public/..%5csecret",
  "https://data.example.org/public/%2e%2e%2fsecret",
  "https://data.example.org/public/%252e%252e%252fsecret",
  "https://data.example.org/public/%25252e%25252e/secret",
  "https://data.example.org/public/..;/secret",
  "https://data.example.org/public/%c0%ae%c0%ae/secret",
  "https://data.example.org/public/%u002e%u002e/secret",
  "https://data.example.org/public/a.nc%00.png",
  "https://data.example.org/public/a.nc%0d%0aX-Injected:%201",
  "https://data.example.org//public/a.nc",
  "https://exact.example.org/one.nc/two",
  "https://exact.example.org/one.nc2",
  "https://exact.example.org/one.nc?x=1",
  // object stores
  "s3://bucket/secret",
  "s3://bucket/prefix",
  "s3://bucket/prefix/../secret",
  "s3://bucket/prefix/%2e%2e/secret",
  "s3://bucket/prefix/..%2fsecret",
  "s3://bucket/prefix%2fa.nc",
  "s3://bucket/prefix/a.nc%0a",
  "s3://bucket/prefix/a.nc?versionId=1",
  "s3://Bucket/prefix/a.nc",
  "s3://bucket.evil/prefix/a.nc",
  "s3://user@bucket/prefix/a.nc",
  "s3://bucket:81/prefix/a.nc",
  "gs://other/k",
  "az://other/data/k",
  "abfs://other@account.dfs.core.windows.net/k",
  "abfs://container@other.dfs.core.windows.net/k",
  "abfs://container:key@account.dfs.core.windows.net/k",
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
        () => origin.read(url, { offset: 0, length: 1 }),
        () => origin.read(url, undefined),
        () => origin.head(url),
        () => origin.list!(url),
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
