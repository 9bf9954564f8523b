/** What indexes hold: paths, sizes, bombs, and texts that take long to understand. */

import assert from "node:assert/strict";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { footerAlone, repeatedDictionaries } from "./parquet_files.ts";
import { snapshot } from "../manifests/icechunk/build_snapshot.ts";
import type { Attack, Group } from "./attack.ts";
import { jsonSet, references, zarray } from "./sets.ts";

const MiB = 2 ** 20;
const GROUP = '{"zarr_format":2}';

/** One kerchunk JSON that must be answered with one of `expected`, however often it is asked for. */
function set(
  point: string,
  id: string,
  name: string,
  before: string,
  content: (at: string) => unknown,
  expected: readonly string[],
  path = "zarr.json",
): Attack {
  return {
    point,
    name,
    before,
    datasets: (at) => ({ [id]: jsonSet(at, `${id}.json`) }),
    files: (at) => {
      const set = content(at);
      const bytes = set instanceof Uint8Array ? set : JSON.stringify(set);
      return { [`/${id}.json`]: bytes };
    },
    async run(scene) {
      const first = await scene.expect(`${id}/${path}`, expected);
      await scene.expect(`${id}/${path}`, expected);
      return first;
    },
  };
}

const INVALID = "502 index-invalid";
const TOO_LARGE = "503 index-too-large";
const REFUSED = [INVALID, TOO_LARGE];

const nested = (depth: number) => `${"a/".repeat(depth)}.zgroup`;
const paths: Attack[] = [
  set(
    "Indexes 6",
    "empty",
    "`//.zgroup`: a group that is its own child",
    "walked without end",
    () => ({
      version: 1,
      refs: { ".zgroup": GROUP, "//.zgroup": GROUP },
    }),
    [INVALID],
  ),
  set("Indexes 6", "dots", "`a/../.zgroup` and `./.zgroup`", "walked without end", () => ({
    version: 1,
    refs: { ".zgroup": GROUP, "a/../.zgroup": GROUP, "./.zgroup": GROUP },
  }), [INVALID]),
  set("Indexes 6", "deep", "100,000 groups in one another", "endless, or a stack overflow", () => ({
    version: 1,
    refs: { ".zgroup": GROUP, [nested(100_000)]: GROUP },
  }), [TOO_LARGE]),
  set("Indexes 6", "attributes", "attributes of 20 MiB", "held in every document", () => ({
    version: 1,
    refs: { ".zgroup": GROUP, ".zattrs": JSON.stringify({ a: "x".repeat(20 * MiB) }) },
  }), [TOO_LARGE]),
  set(
    "Indexes 6",
    "wide",
    "40,000 groups with attributes of 1 KB",
    "a consolidated document of 60 MB",
    () => ({
      version: 1,
      refs: {
        ".zgroup": GROUP,
        ...Object.fromEntries(
          Array.from({ length: 40_000 }, (_, i) => [
            [`g${i}/.zgroup`, GROUP],
            [`g${i}/.zattrs`, JSON.stringify({ a: "x".repeat(1000) })],
          ]).flat(),
        ),
      },
    }),
    [TOO_LARGE],
  ),
  set(
    "Indexes 11",
    "nesting",
    "JSON of a million brackets",
    "a stack overflow: 500",
    () =>
      new TextEncoder().encode(
        `{"version":1,"refs":{".zgroup":${"[".repeat(MiB)}${"]".repeat(MiB)}}}`,
      ),
    REFUSED,
  ),
];

/** A Parquet set whose only partition is `partition`. */
function parquet(id: string, name: string, before: string, partition: () => Uint8Array): Attack {
  return {
    point: "Indexes 7",
    name,
    before,
    datasets: (at) => ({
      [id]: { url: `${at}${id}.parq/`, format: "kerchunk-parquet", origins: [at] },
    }),
    files: () => ({
      [`/${id}.parq/.zmetadata`]: JSON.stringify({
        metadata: { ".zgroup": { zarr_format: 2 }, "a/.zarray": JSON.parse(zarray({})) },
        record_size: 4,
      }),
      [`/${id}.parq/a/refs.0.parq`]: partition(),
    }),
    run: (scene) => scene.expect(`${id}/a/c/0`, REFUSED),
  };
}

const long = [0xf9, 0xff, 0xff, 0xff, 0xff, 0x07]; // a list of 2³¹ lists
const partitions: Attack[] = [
  parquet(
    "lists",
    "212 bytes of lists in lists",
    "memory exhausted",
    () => footerAlone([0x19, ...Array.from({ length: 33 }, () => long).flat()]),
  ),
  parquet(
    "varint",
    "a varint of 300 KB",
    "25 s",
    () => footerAlone([0x16, ...new Array(300_000).fill(0x80)]),
  ),
  parquet(
    "dictionaries",
    "dictionary pages again and again",
    "6 s",
    () => repeatedDictionaries(400, 64 * 1024),
  ),
];

/** A chunk of an array whose codecs blow up. */
function chunk(
  id: string,
  name: string,
  before: string,
  members: Record<string, unknown>,
  stored: () => Uint8Array,
  expected: readonly string[],
): Attack {
  return {
    point: "Indexes 8",
    name,
    before,
    datasets: (at) => ({ [id]: jsonSet(at, `${id}.json`) }),
    files: (at) => {
      const bytes = stored();
      return {
        [`/${id}.bin`]: bytes,
        [`/${id}.json`]: JSON.stringify(references(members, {
          0: [`${at}${id}.bin`, 0, bytes.length],
          1: [`${at}${id}.bin`, 0, bytes.length],
          2: [`${at}${id}.bin`, 0, bytes.length],
          3: [`${at}${id}.bin`, 0, bytes.length],
        })),
      };
    },
    async run(scene) {
      const all = await Promise.all(
        [0, 1, 2, 3].map((c) => scene.expect(`${id}/a/c/${c}`, expected)),
      );
      return [...new Set(all)].join(", ");
    },
  };
}

const zeros = (bytes: number) => new Uint8Array(bytes);
const astype = (decode: string, encode: string) => ({
  id: "astype",
  decode_dtype: decode,
  encode_dtype: encode,
});
const pipelines: Attack[] = [
  chunk(
    "astypes",
    "two astype on chunks of 16 MiB, four at a time",
    "64 MB took 13 GB and 37 s",
    {
      shape: [4 * 2 * MiB],
      chunks: [2 * MiB],
      dtype: "<f8",
      fill_value: 0,
      filters: [astype("<f8", "<i4"), astype("<i4", "<i2")],
      compressor: { id: "zlib", level: 1 },
    },
    () => deflateSync(zeros(4 * MiB)),
    ["200", "503 overloaded"],
  ),
  ...([
    ["zlib", () => deflateSync(zeros(512 * MiB), { level: 1 })],
    ["zstd", () => zstdCompressSync(zeros(512 * MiB))],
    ["gzip", () => gzipSync(zeros(512 * MiB), { level: 1 })],
  ] as const).map(([id, stored]) =>
    chunk(
      `${id}-bomb`,
      `a ${id} bomb of 512 MiB in a chunk of 4 KB, four at a time`,
      "all of it was decoded",
      {
        shape: [4000],
        chunks: [1000],
        filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
        compressor: { id, level: 1 },
      },
      stored,
      ["502 chunk-invalid"],
    )
  ),
  chunk(
    "huge",
    "a chunk that declares 64 GiB",
    "as much memory as it said",
    {
      shape: [4 * 2 ** 34],
      chunks: [2 ** 34],
      filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
      compressor: { id: "zlib", level: 1 },
    },
    () => deflateSync(zeros(MiB)),
    ["200"], // as it is stored: nothing here can decode it
  ),
];

const template = (text: string, more: Record<string, string> = {}) => ({
  version: 1,
  templates: { u: text, ...more },
  refs: { ".zgroup": GROUP, "a/.zarray": zarray({}), "a/0": ["{{u}}", 0, 4] },
});
const generated = (stop: number, more: Record<string, unknown> = {}) => ({
  version: 1,
  gen: [{
    key: "a/{{i}}",
    url: "s3://b/{{i}}",
    offset: "{{i}}",
    length: "4",
    dimensions: { i: { start: 0, stop } },
    ...more,
  }],
  refs: { ".zgroup": GROUP, "a/.zarray": zarray({ shape: [stop] }) },
});
const times: Attack[] = [
  set(
    "Indexes 9",
    "template",
    "a template of 2 MB",
    "19 s",
    () => template(`{{${"1+".repeat(MiB)}1}}`),
    REFUSED,
    "a/c/0",
  ),
  set(
    "Indexes 9",
    "doubling",
    "templates that double each other 40 times",
    "without end",
    () => {
      const chain = Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [`t${i}`, `{{t${i + 1}()}}{{t${i + 1}()}}`]),
      );
      return template("{{t0()}}", { ...chain, t40: "x" });
    },
    REFUSED,
    "a/c/0",
  ),
  set(
    "Indexes 9",
    "gen",
    "4 KB of `gen` that make 2 million texts",
    "5 s",
    () => generated(2_000_000, { url: `s3://b/${"{{i*i}}".repeat(500)}` }),
    REFUSED,
  ),
  set("Indexes 9", "gens", "`gen` of 10¹⁵ entries", "without end", () => generated(1e15), [
    TOO_LARGE,
  ]),
  set("Indexes 9", "window", "a Zstandard window of 1 GiB", "1 GiB held", () => {
    const frame = new Uint8Array(4096);
    frame.set([0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0, 0]); // window 2³⁰
    return frame;
  }, REFUSED),
  set("Indexes 9", "expansion", "a Zstandard bomb of 2 GiB", "all of it was read", () => {
    const part = zstdCompressSync(new Uint8Array(64 * MiB).fill(0x20));
    return Uint8Array.from({ length: 32 * part.length }, (_, i) => part[i % part.length]);
  }, REFUSED),
];

/** An Icechunk repository of version 1 whose snapshot is `body`. */
function repository(id: string, name: string, before: string, body: () => Uint8Array): Attack {
  const header = Deno.readFileSync(
    new URL("../fixtures/icechunk/v1/snapshots/1CECHNKREP0F1RSTCMT0", import.meta.url),
  ).slice(0, 39);
  header[38] = 0; // not compressed
  return {
    point: "Indexes 9",
    name,
    before,
    datasets: (at) => ({ [id]: { url: `${at}${id}/`, format: "icechunk" } }),
    files: () => ({
      [`/${id}/refs/branch.main/ref.json`]: '{"snapshot":"1CECHNKREP0F1RSTCMT0"}',
      [`/${id}/snapshots/1CECHNKREP0F1RSTCMT0`]: new Uint8Array([...header, ...body()]),
    }),
    run: (scene) => scene.expect(`${id}/zarr.json`, REFUSED),
  };
}

const longPath = (last: string) => `/${`${"x".repeat(1000)}/`.repeat(60)}${last}`;
const snapshots = [
  repository("slots", "264 KB of a snapshot whose slots share long paths", "61 s", () =>
    snapshot(
      [longPath("b"), longPath("a")],
      Array.from({ length: 50_000 }, (_, i) => i % 2),
    )),
  repository(
    "child",
    "a snapshot's group that is its own child",
    "walked without end",
    () => snapshot(["/", "//", "/a/"]),
  ),
];

const heavy: Attack = {
  point: "Indexes 10",
  name: "an index that is heavier than the cache, 20 chunks of it",
  before: "it was read again for each chunk",
  datasets: (at) => ({ heavy: jsonSet(at, "heavy.json") }),
  files: (at) => {
    const refs: Record<string, unknown> = {
      ".zgroup": GROUP,
      "a/.zarray": zarray({ shape: [1000] }),
    };
    for (let i = 0; i < 300; i++) refs[`b${i}`] = "x".repeat(300_000);
    refs["a/0"] = [`${at}heavy.bin`, 0, 4];
    return { "/heavy.json": JSON.stringify({ version: 1, refs }) };
  },
  async run(scene) {
    for (let i = 0; i < 20; i++) await scene.expect(`heavy/a/c/${i}`, [TOO_LARGE]);
    const reads = scene.origin.asked("/heavy.json");
    assert.ok(reads <= 4, `read ${reads} times`);
    return `${TOO_LARGE}; read ${reads} times`;
  },
};

/** All on one process. */
export const INDEXES: readonly Group[] = [
  { attacks: [...paths, ...partitions, ...pipelines, ...times, ...snapshots, heavy] },
];
