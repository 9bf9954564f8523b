/** Manifest files built by hand with the `flatbuffers` package: what no writer would write, too. */

import { Builder } from "flatbuffers";
import assert from "node:assert/strict";
import { REF_KIND } from "../../../manifests/icechunk/array_refs.ts";
import { chunkAddress, locationBytes } from "../../../manifests/icechunk/chunk_address.ts";
import { type ManifestFile, readManifestFile } from "../../../manifests/icechunk/manifest_file.ts";
import { IndexError } from "../../../src/errors.ts";

const ID = Uint8Array.fromHex("0b1cc8d6787580f0e33a6534");
const NODE = "0000000000000";

interface Ref {
  index: number[];
  inline?: number[];
  offset?: bigint;
  length?: bigint;
  chunk?: Uint8Array;
  location?: string;
  etag?: string;
  lastModified?: number;
  compressed?: Uint8Array;
}

interface Arrays {
  node?: Uint8Array;
  refs: Ref[];
}

function bytesVector(builder: Builder, bytes: ArrayLike<number>): number {
  builder.startVector(1, bytes.length, 1);
  for (let i = bytes.length - 1; i >= 0; i--) builder.addInt8(bytes[i]);
  return builder.endVector();
}

/** Bytes as a struct, written where a field refers to it. */
function struct(builder: Builder, bytes: Uint8Array): number {
  builder.prep(1, bytes.length);
  for (let i = bytes.length - 1; i >= 0; i--) builder.writeInt8(bytes[i]);
  return builder.offset();
}

function tables(builder: Builder, offsets: number[]): number {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

function refTable(builder: Builder, ref: Ref): number {
  builder.startVector(4, ref.index.length, 4);
  for (const at of ref.index.toReversed()) builder.addInt32(at);
  const index = builder.endVector();
  const inline = ref.inline && bytesVector(builder, ref.inline);
  const location = ref.location === undefined ? undefined : builder.createString(ref.location);
  const etag = ref.etag === undefined ? undefined : builder.createString(ref.etag);
  const compressed = ref.compressed && bytesVector(builder, ref.compressed);
  builder.startObject(10);
  builder.addFieldOffset(0, index, 0);
  if (inline) builder.addFieldOffset(1, inline, 0);
  if (ref.offset) builder.addFieldInt64(2, ref.offset, 0n);
  if (ref.length) builder.addFieldInt64(3, ref.length, 0n);
  if (ref.chunk) builder.addFieldStruct(4, struct(builder, ref.chunk), 0);
  if (location) builder.addFieldOffset(5, location, 0);
  if (etag) builder.addFieldOffset(6, etag, 0);
  if (ref.lastModified) builder.addFieldInt32(7, ref.lastModified, 0);
  if (compressed) builder.addFieldOffset(8, compressed, 0);
  return builder.endObject();
}

/** The FlatBuffer of a manifest file. `repeat` makes several arrays share one vector. */
function manifest(
  arrays: Arrays[],
  options: { dictionary?: Uint8Array; algorithm?: number; repeat?: number; sameNode?: boolean } =
    {},
): Uint8Array {
  const builder = new Builder(1024);
  const written: number[] = [];
  for (const [i, { node, refs }] of arrays.entries()) {
    const vector = tables(builder, refs.map((ref) => refTable(builder, ref)));
    for (let copy = 0; copy < (options.repeat ?? 1); copy++) {
      const id = node ?? new Uint8Array(8);
      if (!options.sameNode) id[6] = copy >> 8, id[7] = i + copy;
      builder.startObject(3);
      builder.addFieldStruct(0, struct(builder, id), 0);
      builder.addFieldOffset(1, vector, 0);
      written.push(builder.endObject());
    }
  }
  const all = tables(builder, written);
  const dictionary = options.dictionary && bytesVector(builder, options.dictionary);
  builder.startObject(5);
  builder.addFieldStruct(0, struct(builder, ID), 0);
  builder.addFieldOffset(1, all, 0);
  if (dictionary) builder.addFieldOffset(2, dictionary, 0);
  if (options.algorithm !== undefined) builder.addFieldInt8(3, options.algorithm, 1);
  builder.finish(builder.endObject(), "Ichk");
  return builder.asUint8Array();
}

const read = (...args: Parameters<typeof manifest>) =>
  readManifestFile(manifest(...args), () => Promise.resolve());

function address(file: ManifestFile, coords: number[], node = NODE) {
  const refs = file.arrays.get(node)!;
  const row = refs.find(coords);
  return row < 0 ? undefined : chunkAddress(file, refs, row, new URL("s3://b/x"));
}

Deno.test("a manifest file with every kind of reference", async () => {
  const file = await read([{
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
    url,
    offset: 7,
    length: 9,
    immutable: true,
  });
  const range = { kind: "range", url, offset: 0, length: 1 };
  assert.deepEqual(address(file, [0, 2 ** 31]), {
    ...range,
    offset: 2 ** 33,
    length: 2 ** 32,
  });
  assert.deepEqual(address(file, [0, 2 ** 32 - 1]), { ...range, validator: { etag: 'W/"w"' } });
  assert.equal(address(file, [3, 0]), undefined);
  assert.deepEqual(address(file, [3, 1]), { ...range, validator: { lastModified: 4294967295 } });
  for (const absent of [[0, 2], [1, 0], [2 ** 32, 0], [3, 2]]) {
    assert.equal(address(file, absent), undefined);
  }
  const refs = file.arrays.get(NODE)!;
  assert.equal(new TextDecoder().decode(locationBytes(file, refs, 2)), "s3://b/ünï");
});

Deno.test("of several ways to give a chunk the reference library's first one counts", async () => {
  const all = { inline: [1], location: "s3://b/c", compressed: Uint8Array.of(1), length: 1n };
  const file = await read([{
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

Deno.test("scalars, arrays without references, and several arrays", async () => {
  const file = await read([
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

Deno.test("a full box and a sparse one find the same rows", async () => {
  const cells: number[][] = [];
  for (let i = 2; i < 5; i++) {
    for (let j = 1; j < 8; j++) for (let k = 0; k < 3; k++) cells.push([i, j, k]);
  }
  for (const missing of [-1, 0, 17, cells.length - 1]) {
    const kept = cells.filter((_, i) => i !== missing);
    const file = await read([{ refs: kept.map((index) => ({ index, inline: index })) }]);
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

const INVALID: Array<[string, () => Promise<ManifestFile>]> = [
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
  Deno.test(`references ${what} are refused`, async () => {
    await assert.rejects(reading(), IndexError);
  });
}

Deno.test("an entity tag that no header could carry is refused", async () => {
  for (const etag of ['a"b', "a\r\nx: y", "a b", "ü\u0100"]) {
    const file = await read([{ refs: [{ index: [0], location: "s3://b/c", length: 1n, etag }] }]);
    assert.throws(() => address(file, [0]), IndexError, etag);
  }
});
