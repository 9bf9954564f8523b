/** Containers of configurations: YAML in version 1, FlexBuffers in version 2; real ones and hostile ones. */

import * as flexbuffers from "flatbuffers/js/flexbuffers.js";
import assert from "node:assert/strict";
import {
  type Container,
  containersByName,
  containersOfConfig,
  containersOfYaml,
  originPrefix,
} from "../../../manifests/icechunk/containers.ts";
import { IndexError, SluiceError } from "../../../src/errors.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";

const encoder = new TextEncoder();
const ofYaml = (text: string) => containersOfYaml(encoder.encode(text));

Deno.test("containers of a configuration file, with its tags", () => {
  const found = ofYaml(`
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
    assert.deepEqual(ofYaml(text), []);
  }
  assert.throws(() => ofYaml("a: [b"), IndexError);
});

const virtual_chunk_containers = {
  x: { name: "nc", url_prefix: "s3://b/deep/er/", store: { http: {} } },
  y: { name: "nc", url_prefix: "s3://b/" },
  z: { name: null, url_prefix: "file:///ünï/" },
  none: { name: "prefixless" },
  odd: 3,
};
const CONFIG = {
  caching: { num_bytes_chunks: 2 ** 40, list: [1, "two", [3, { four: null }]] },
  inline_chunk_threshold_bytes: 512,
  manifest: null,
  virtual_chunk_containers,
};

Deno.test("containers of a FlexBuffer", () => {
  assert.deepEqual(containersOfConfig(flexbuffers.encode(CONFIG)), [
    { name: "nc", urlPrefix: "s3://b/deep/er/" },
    { name: "nc", urlPrefix: "s3://b/" },
    { name: undefined, urlPrefix: "file:///ünï/" },
  ]);
  const odd = [null, 3, {}, [1], { virtual_chunk_containers: "x" }, {
    virtual_chunk_containers: {},
  }];
  for (const config of odd) assert.deepEqual(containersOfConfig(flexbuffers.encode(config)), []);
  assert.deepEqual(containersOfConfig(undefined), []);
  const many = Array.from({ length: 3000 }, (_, i) => [`k${i}`, { url_prefix: `s3://b${i}/` }]);
  const found = containersOfConfig(
    flexbuffers.encode({ virtual_chunk_containers: Object.fromEntries(many) }),
  );
  assert.equal(new Set(found.map(({ urlPrefix }) => urlPrefix)).size, 3000);
});

Deno.test("of containers with one name the longest prefix counts", () => {
  const found = containersOfConfig(flexbuffers.encode(CONFIG));
  assert.deepEqual([...containersByName(found)], [["nc", "s3://b/deep/er/"]]);
});

/** `count` containers with the same prefix of `length` bytes, stored once. */
function sharedContainers(count: number, length: number): Uint8Array {
  const container = { url_prefix: "s".repeat(length) };
  const all = Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, container]));
  return flexbuffers.encode({ virtual_chunk_containers: all }, 1 << 20, true, true, true);
}

Deno.test("a FlexBuffer whose containers share one long prefix is refused, and one too large names the limit", () => {
  assert.equal(containersOfConfig(sharedContainers(3, 10)).length, 3);
  assert.throws(() => containersOfConfig(sharedContainers(5000, 2 ** 20)), /repeats its text/);
  const tooLarge = { code: "index-too-large", message: /the limit is/ };
  assert.throws(() => containersOfConfig(sharedContainers(20_000, 1)), tooLarge);
  assert.throws(() => containersOfConfig(new Uint8Array(5_000_000)), tooLarge);
  // a vector of two items, both of which lead back to it
  const cyclic = Uint8Array.of(2, 0, 1, 0x28, 0x28, 4, 0x28, 1);
  assert.deepEqual(containersOfConfig(cyclic), []);
});

/** Runs mutations of `seed` through `parse`; some must be refused, and only as faults of the index. */
function fuzz(name: string, seed: Uint8Array, parse: (bytes: Uint8Array) => Container[]): void {
  Deno.test(`${name}: ${ROUNDS} broken ones are read or refused, seed ${SEED}`, () => {
    const random = randomNumbers(SEED);
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      try {
        parse(mutated(seed, random));
      } catch (error) {
        assert.ok(error instanceof SluiceError, `${(error as Error).stack ?? error}`);
        assert.match(error.code, /^index-(invalid|too-large)$/);
        refused++;
      }
    }
    assert.ok(refused > ROUNDS / 50, `${refused} refused`);
  });
}

fuzz("FlexBuffers", flexbuffers.encode(CONFIG), containersOfConfig);
fuzz(
  "YAML",
  await Deno.readFile(new URL("fixtures/v1/config.yaml", import.meta.url)),
  containersOfYaml,
);

const many = (text: string, bytes: number) => text.repeat(Math.floor(bytes / text.length));

/** What keeps parsers busy; `bytes` long. */
const HOSTILE: Record<string, (bytes: number) => string> = {
  "keys": (bytes) => Array.from({ length: bytes / 7 }, (_, i) => `k${i.toString(36)}:`).join("\n"),
  "flow sequences": (bytes) => many("[", bytes),
  "flow mappings": (bytes) => many("{a: ", bytes),
  "a flow mapping": (bytes) => `{${many("a,", bytes - 2)}}`,
  "question marks": (bytes) => many("? ", bytes),
  "dashes": (bytes) => many("- ", bytes),
  "aliases": (bytes) => `a: &a x\nb: [${many("*a,", bytes - 20)}]`,
  "aliases of aliases": (bytes) =>
    Array.from({ length: bytes / 40 }, (_, i) => `a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`)
      .join("\n").replace("[*a-1, *a-1]", "x"),
  "anchors": (bytes) => Array.from({ length: bytes / 12 }, (_, i) => `- &a${i} x`).join("\n"),
  "documents": (bytes) => many("---\n", bytes),
  "directives": (bytes) => many("%a\n", bytes),
  "blanks": (bytes) => `a:\n${many("\n", bytes - 10)}b: 1`,
  "quotes": (bytes) => many("'", bytes),
  "digits": (bytes) => `a: ${many("1", bytes - 5)}`,
};

Deno.test("a config.yaml has a limit, up to which nothing that it holds takes long", () => {
  for (const [what, make] of Object.entries(HOSTILE)) {
    assert.throws(
      () => ofYaml(make(2 ** 20)),
      { code: "index-too-large", message: /the limit is 65536/ },
      what,
    );
    try {
      assert.deepEqual(ofYaml(make(2 ** 16)), []);
    } catch (error) {
      assert.ok(error instanceof IndexError && error.code === "index-invalid", `${what}: ${error}`);
    }
  }
});
