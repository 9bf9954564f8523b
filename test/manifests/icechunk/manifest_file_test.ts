/** Manifest files of every kind of reference, and of what no writer would write. */

import assert from "node:assert/strict";
import { REF_KIND } from "../../../manifests/icechunk/array_refs.ts";
import { chunkAddress, locationBytes } from "../../../manifests/icechunk/chunk_address.ts";
import { Flatbuffer } from "../../../manifests/icechunk/flatbuffer.ts";
import { type ManifestFile, ManifestReader } from "../../../manifests/icechunk/manifest_file.ts";
import { IndexError } from "../../../src/errors.ts";
import { ID, manifest, NODE } from "./build_manifest.ts";

/** A manifest read whole, in the ways that it can be. */
function read(...args: Parameters<typeof manifest>): ManifestFile {
  const steps = new ManifestReader(manifest(...args)).read();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

function address(file: ManifestFile, coords: number[], node = NODE) {
  const refs = file.arrays.get(node)!;
  const row = refs.find(coords);
  return row < 0 ? undefined : chunkAddress(file, refs, row, new URL("s3://b/x"));
}

Deno.test("a manifest file with every kind of reference", () => {
  const file = read([{
    refs: [
      { index: [0, 0], inline: [1, 2, 3] },
      { index: [0, 1], chunk: ID, offset: 7n, length: 9n },
      { index: [0, 2 ** 31], location: "s3://b/ünï", offset: 2n ** 33n, length: 2n ** 32n },
      { index: [0, 2 ** 32 - 1], location: "s3://b/c", length: 1n, etag: 'W/"w"' },
      { index: [3, 0], location: "s3://b/c", length: 0n },
      { index: [3, 1], location: "s3://b/c", length: 1n, lastModified: 4294967295 },
    ],
  }]);
  assert.equal(file.id, "1CECHNKREP0F1RSTCMT0");
  const url = new URL("s3://b/x");
  assert.deepEqual(address(file, [0, 0]), { kind: "inline", bytes: Uint8Array.of(1, 2, 3) });
  assert.deepEqual(address(file, [0, 1]), {
    kind: "range",
    file: { url, immutable: true },
    offset: 7,
    length: 9,
  });
  const range = { kind: "range", file: { url }, offset: 0, length: 1 };
  assert.deepEqual(address(file, [0, 2 ** 31]), {
    ...range,
    offset: 2 ** 33,
    length: 2 ** 32,
  });
  assert.deepEqual(address(file, [0, 2 ** 32 - 1]), {
    ...range,
    file: { url, validator: { etag: 'W/"w"' } },
  });
  assert.equal(address(file, [3, 0]), undefined);
  assert.deepEqual(address(file, [3, 1]), {
    ...range,
    file: { url, validator: { lastModified: 4294967295 } },
  });
  for (const absent of [[0, 2], [1, 0], [2 ** 32, 0], [3, 2]]) {
    assert.equal(address(file, absent), undefined);
  }
  const refs = file.arrays.get(NODE)!;
  assert.equal(new TextDecoder().decode(locationBytes(file, refs, 2)), "s3://b/ünï");
});

Deno.test("of several ways to give a chunk the reference library's first one counts", () => {
  const all = { inline: [1], location: "s3://b/c", compressed: Uint8Array.of(1), length: 1n };
  const file = read([{
    refs: [
      { index: [0], chunk: ID, ...all },
      { index: [1], ...all },
      { index: [2], ...all, compressed: undefined },
      { index: [3], inline: [1] },
      { index: [4] },
    ],
  }]);
  const kinds = [0, 1, 2, 3, 4].map((row) => file.arrays.get(NODE)!.kind.get(row));
  const { native, compressedLocation, location, inline, none } = REF_KIND;
  assert.deepEqual(kinds, [native, compressedLocation, location, inline, none]);
  assert.throws(() => locationBytes(file, file.arrays.get(NODE)!, 1), /no dictionary/);
});

Deno.test("scalars, arrays without references, and several arrays", () => {
  const file = read([
    { refs: [{ index: [], inline: [9] }] },
    { refs: [] },
    { refs: [{ index: [5], inline: [8] }] },
  ]);
  assert.deepEqual(address(file, []), { kind: "inline", bytes: Uint8Array.of(9) });
  assert.deepEqual([...file.arrays.values()].map(({ rank, rows }) => [rank, rows]), [
    [0, 1],
    [0, 0],
    [
      1,
      1,
    ],
  ]);
});

Deno.test("a full box and a sparse one find the same rows", () => {
  const cells: number[][] = [];
  for (let i = 2; i < 5; i++) {
    for (let j = 1; j < 8; j++) for (let k = 0; k < 3; k++) cells.push([i, j, k]);
  }
  for (const missing of [-1, 0, 17, cells.length - 1]) {
    const kept = cells.filter((_, i) => i !== missing);
    const file = read([{ refs: kept.map((index) => ({ index, inline: index })) }]);
    for (let i = 0; i < 7; i++) {
      for (let j = 0; j < 9; j++) {
        for (let k = 0; k < 4; k++) {
          const here = kept.some((cell) => `${cell}` === `${[i, j, k]}`);
          assert.deepEqual(
            address(file, [i, j, k]),
            here ? { kind: "inline", bytes: Uint8Array.of(i, j, k) } : undefined,
          );
        }
      }
    }
    const refs = file.arrays.get(NODE)!;
    for (const [row, cell] of kept.entries()) {
      assert.deepEqual([0, 1, 2].map((i) => refs.coordinate(row, i)), cell);
    }
  }
});

const INVALID: Array<[string, () => ManifestFile]> = [
  ["in descending order", () => read([{ refs: [{ index: [1] }, { index: [0] }] }])],
  ["at the same place twice", () => read([{ refs: [{ index: [1, 0] }, { index: [1, 0] }] }])],
  ["twice a scalar", () => read([{ refs: [{ index: [] }, { index: [] }] }])],
  ["of unequal rank", () => read([{ refs: [{ index: [1] }, { index: [2, 0] }] }])],
  ["of absurd rank", () => read([{ refs: [{ index: new Array(100).fill(0) }] }])],
  ["of 2^53 bytes", () => read([{ refs: [{ index: [0], inline: [], length: 2n ** 53n }] }])],
  [
    "that end beyond 2^53",
    () => read([{ refs: [{ index: [0], inline: [], offset: 2n ** 53n - 1n, length: 1n }] }]),
  ],
  ["of a negative offset", () => read([{ refs: [{ index: [0], inline: [], offset: -1n }] }])],
  [
    "of an array listed twice",
    () => read([{ refs: [] }, { refs: [] }], { sameNode: true }),
  ],
  [
    "shared by many arrays",
    () =>
      read([{ refs: Array.from({ length: 2000 }, (_, i) => ({ index: [i] })) }], { repeat: 1000 }),
  ],
  [
    "compressed in an unknown way",
    () => read([], { dictionary: Uint8Array.of(1), algorithm: 2 }),
  ],
];

for (const [what, reading] of INVALID) {
  Deno.test(`references ${what} are refused`, () => {
    assert.throws(reading, IndexError);
  });
}

Deno.test("an entity tag that no header could carry is refused", () => {
  for (const etag of ['a"b', "a\r\nx: y", "a b", "ü\u0100"]) {
    const file = read([{ refs: [{ index: [0], location: "s3://b/c", length: 1n, etag }] }]);
    assert.throws(() => address(file, [0]), IndexError, etag);
  }
});

Deno.test("an excerpt finds the one reference that is asked for", () => {
  const refs = Array.from({ length: 50 }, (_, i) => ({
    index: [i >> 3, (i & 7) * 2],
    location: `s3://b/${i}`,
    offset: BigInt(i),
    length: 5n,
    etag: `"${i}"`,
  }));
  const arrays = [{ refs: [{ index: [0], inline: [1] }] }, { refs }];
  const reader = new ManifestReader(manifest(arrays));
  const whole = read(arrays);
  const [, node] = whole.arrays.keys();
  for (let i = 0; i < 8; i++) {
    for (let j = 0; j < 17; j++) {
      const excerpt = reader.excerpt(node, [i, j]);
      const expected = address(whole, [i, j], node);
      assert.deepEqual(excerpt && address(excerpt, [i, j], node), expected);
      if (!excerpt) continue;
      const part = excerpt.arrays.get(node)!;
      const text = new TextDecoder().decode(locationBytes(excerpt, part, 0));
      assert.equal(text, `s3://b/${i * 8 + j / 2}`);
    }
  }
  assert.equal(reader.excerpt("ZZZZZZZZZZZZY", [0, 0]), undefined);
  assert.throws(() => reader.excerpt(node, [0]), IndexError);
});

Deno.test("an inline chunk over the limit names it", () => {
  const small = manifest([{ refs: [{ index: [0], inline: [1] }] }]);
  const body = new Uint8Array(small.length + (1 << 25));
  body.set(small);
  const buffer = new Flatbuffer(body);
  const [array] = buffer.tables(buffer.root(), 1);
  const [ref] = buffer.tables(array, 1);
  buffer.view.setUint32(buffer.follow(buffer.field(ref, 1)), (1 << 24) + 1, true);
  assert.throws(() => [...new ManifestReader(body).read()], {
    code: "index-too-large",
    message: /the limit is 16777216/,
  });
});
