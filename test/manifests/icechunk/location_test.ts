import assert from "node:assert/strict";
import {
  containersByName,
  containersOfConfig,
  containersOfYaml,
  originPrefix,
} from "../../../manifests/icechunk/containers.ts";
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

Deno.test("containers of a configuration file, with its tags", () => {
  const found = containersOfYaml(`
inline_chunk_threshold_bytes: 12
virtual_chunk_containers:
  tigris:
    name: tigris
    url_prefix: tigris
    store: !tigris
      region: null
  file:
    name: null
    url_prefix: file
    store: !local_file_system ''
  s3:
    name: s3
    url_prefix: s3://testbucket
    store: !s3_compatible
      region: us-east-1
`);
  assert.deepEqual(found.map((container) => [container.name, originPrefix(container)]), [
    ["tigris", undefined],
    [undefined, undefined],
    ["s3", "s3://testbucket/"],
  ]);
  assert.deepEqual([...containersByName(found)].sort(), [
    ["s3", "s3://testbucket"],
    ["tigris", "tigris"],
  ]);
  for (const text of ["", "null", "[]", "virtual_chunk_containers: 3"]) {
    assert.deepEqual(containersOfYaml(text), []);
  }
  assert.throws(() => containersOfYaml("a: [b"), IndexError);
});

Deno.test("of containers with one name the longest prefix counts", () => {
  const entry = (name: string, prefix: string) => new Map([["name", name], ["url_prefix", prefix]]);
  const found = containersOfConfig(
    new Map([[
      "virtual_chunk_containers",
      new Map([["x", entry("nc", "s3://b/deep/er/")], ["y", entry("nc", "s3://b/")]]),
    ]]),
  );
  assert.deepEqual([...containersByName(found)], [["nc", "s3://b/deep/er/"]]);
  for (const odd of [null, 3, new Map(), new Map([["virtual_chunk_containers", "x"]])]) {
    assert.deepEqual(containersOfConfig(odd), []);
  }
});
