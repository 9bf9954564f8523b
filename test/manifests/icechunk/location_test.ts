import assert from "node:assert/strict";
import { locationUrl } from "../../../manifests/icechunk/location.ts";
import { IndexError } from "../../../src/errors.ts";

const containers = new Map([
  ["nc", "s3://bucket/prefix/"],
  ["bare", "https://h.example.org/p"],
]);
const url = (text: string) => locationUrl(new TextEncoder().encode(text), containers).href;

Deno.test("locations are URLs, or lie below a container", () => {
  const cases = [
    ["s3://bucket/a/b.nc", "s3://bucket/a/b.nc"],
    ["https://h.example.org/a%20b.nc", "https://h.example.org/a%20b.nc"],
    ["s3://bucket/a b/ü.nc", "s3://bucket/a%20b/%C3%BC.nc"],
    ["s3://bucket//twice//a.nc", "s3://bucket//twice//a.nc"],
    ["gs://bucket/100%25.nc", "gs://bucket/100%25.nc"],
    ["file:///data/a.nc", "file:///data/a.nc"],
    ["vcc://nc/x/y.nc", "s3://bucket/prefix/x/y.nc"],
    ["vcc://bare/y.nc", "https://h.example.org/p/y.nc"],
    ["s3://bucket/..a/b..nc/...", "s3://bucket/..a/b..nc/..."],
  ];
  for (const [text, href] of cases) assert.equal(url(text), href);
});

Deno.test("a location that could mean another object is refused", () => {
  for (
    const text of [
      "",
      "a/relative/path.nc",
      "/data/a.nc",
      "vcc://other/x.nc",
      "vcc://nc/../secret.nc",
      "s3://bucket/a/../b.nc",
      "s3://bucket/a/%2e%2E/b.nc",
      "s3://bucket/a/.",
      "https://[bad/",
      "s3://bucket/" + "x".repeat(1024),
    ]
  ) assert.throws(() => url(text), IndexError, text);
  assert.throws(() => locationUrl(Uint8Array.of(0x73, 0xff), containers), IndexError);
});
