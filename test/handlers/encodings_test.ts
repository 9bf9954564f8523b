/** Chunks of several encodings, and chunks that are slices of blocks, as the whole application answers them. */

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { createApp } from "../../handlers/app.ts";
import { routes } from "../../handlers/mod.ts";
import { ByteCache } from "../../src/byte_cache.ts";
import { Catalog } from "../../src/catalog/catalog.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { decodeChunk } from "../../src/chunk/decode_chunk.ts";
import { planEncodings } from "../../src/chunk/encodings.ts";
import { chunkMemory } from "../../src/chunk/memory.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { ArrayNode, Manifest } from "../../src/manifest.ts";
import { memoryBody } from "../../src/origin/body.ts";
import type { Origin } from "../../src/origin/origin.ts";
import type { ArrayMetadata, Codec, Encoding } from "../../src/zarr/metadata.ts";

const ARCHIVE = new URL("http://archive/data.bin");
/** Elements of a chunk, and of a block of four. */
const [CHUNK, BLOCK] = [100, 400];
const CHUNK_BYTES = 4 * CHUNK;

const little = { name: "bytes", configuration: { endian: "little" } };
const deflate = { name: "numcodecs.zlib", configuration: { level: 1 } };
const delta = { name: "numcodecs.delta", configuration: { dtype: "<i4", astype: "<i4" } };

const VALUES = Int32Array.from({ length: 2 * BLOCK }, (_, i) => i * i % 9973);
const RAW = new Uint8Array(VALUES.buffer);

function encode(raw: Uint8Array, codecs: readonly Codec[]): Uint8Array {
  let bytes = raw;
  if (codecs.includes(delta)) {
    const numbers = new Int32Array(raw.slice().buffer);
    bytes = new Uint8Array(numbers.map((n, i) => i === 0 ? n : n - numbers[i - 1]).buffer);
  }
  return codecs.includes(deflate) ? new Uint8Array(deflateSync(bytes)) : bytes;
}

interface Served {
  readonly metadata: ArrayMetadata;
  /** Bytes asked of the origin, a number a read; emptied by whoever looks. */
  readonly reads: number[];
  get(path: string, init?: RequestInit): Promise<Response>;
}

/** An array `a` of eight chunks. @param refs of a chunk, over a file that holds `file` */
async function serve(
  codecs: readonly Codec[],
  encodings: readonly Encoding[],
  file: Uint8Array,
  refs: readonly ChunkRef[],
): Promise<Served> {
  const reads: number[] = [];
  const node: ArrayNode = {
    type: "array",
    encodings,
    metadata: {
      zarr_format: 3,
      node_type: "array",
      shape: [VALUES.length],
      data_type: "int32",
      chunk_grid: { name: "regular", configuration: { chunk_shape: [CHUNK] } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: 0,
      codecs,
    },
  };
  const manifest = {
    version: "1",
    pinned: true,
    node: (path: string) =>
      Promise.resolve(
        path === "a"
          ? node
          : path === ""
          ? { type: "group", metadata: { zarr_format: 3, node_type: "group" } }
          : undefined,
      ),
    children: (path: string) => Promise.resolve(path === "" ? ["a"] : []),
    chunk: (_: string, [at]: readonly number[]) => Promise.resolve(refs[at]),
  } as unknown as Manifest;
  const origin: Origin = {
    read(_, range) {
      reads.push(range!.length);
      return Promise.resolve(
        memoryBody(file.slice(range!.offset, range!.offset + range!.length)),
      );
    },
    head: () => Promise.reject(new Error("nothing is looked at")),
  };
  const config = parseCatalog('{"datasets":{"set":{"url":"http://archive/"}}}', () => undefined);
  const catalog = new Catalog(config, new URL("http://archive/"), {
    openManifest: () => Promise.resolve(manifest),
    originFor: () => origin,
    cache: new ByteCache(2 ** 20),
  });
  const limits = { responseBytes: 2 ** 20, decodeBytes: 2 ** 20, maxChunkBytes: 2 ** 20 };
  const chunks = chunkMemory(limits, true, new ByteCache(2 ** 20));
  const app = createApp(routes({ catalog, chunks, log() {}, ready: () => true }), () => {});
  const get = async (path: string, init?: RequestInit) =>
    await app.fetch(new Request(`http://gateway/${path}`, init), {});
  const metadata = await (await get("set/a/zarr.json")).json();
  return { metadata, reads, get };
}

/** GET of every chunk has its numbers; HEAD and ranges agree with it. */
async function checkChunks({ metadata, get }: Served): Promise<void> {
  for (let c = 0; c < VALUES.length / CHUNK; c++) {
    const whole = await get(`set/a/c/${c}`);
    assert.equal(whole.status, 200);
    const bytes = await whole.bytes();
    const decoded = await decodeChunk(metadata, bytes);
    assert.deepEqual(decoded, RAW.slice(c * CHUNK_BYTES, (c + 1) * CHUNK_BYTES), `chunk ${c}`);
    const head = await get(`set/a/c/${c}`, { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), String(bytes.length));
    assert.equal(head.headers.get("etag"), whole.headers.get("etag"));
    for (const range of ["0-0", "3-29", `20-${bytes.length}`, "-7", `-${bytes.length + 5}`]) {
      const part = await get(`set/a/c/${c}`, { headers: { range: `bytes=${range}` } });
      assert.equal(part.status, 206);
      const [from, to] = range.split("-").map(Number);
      const expected = range[0] === "-" ? bytes.slice(-to) : bytes.slice(from, to + 1);
      assert.deepEqual(await part.bytes(), expected, range);
      assert.equal(part.headers.get("etag"), whole.headers.get("etag"));
    }
  }
}

/** Blocks of four chunks behind one another, and a reference to each of their chunks. */
function blocks(codecs: readonly Codec[], encoding = 0): { file: Uint8Array; refs: ChunkRef[] } {
  const stored = [0, 1].map((b) =>
    encode(RAW.subarray(4 * BLOCK * b, 4 * BLOCK * (b + 1)), codecs)
  );
  const refs = Array.from({ length: 8 }, (_, c): ChunkRef => ({
    kind: "range",
    file: { url: ARCHIVE },
    encoding,
    offset: c < 4 ? 0 : stored[0].length,
    length: stored[c < 4 ? 0 : 1].length,
    within: { offset: c % 4 * CHUNK_BYTES, length: CHUNK_BYTES },
  }));
  return { file: Uint8Array.of(...stored[0], ...stored[1]), refs };
}

for (
  const [title, codecs, declared] of [
    ["a compressed block", [little, deflate], "bytes zstd"],
    ["a filtered block", [delta, little], "bytes zstd"],
    ["an uncompressed block", [little], "bytes"],
  ] satisfies Array<[string, Codec[], string]>
) {
  Deno.test(`chunks that are slices of ${title} are served as such: GET, HEAD and ranges`, async () => {
    const { file, refs } = blocks(codecs);
    const encodings = [{ codecs, chunkShape: [BLOCK], sliced: true as const }];
    const served = await serve(codecs, encodings, file, refs);
    assert.equal(served.metadata.codecs.map(({ name }) => name).join(" "), declared);
    await checkChunks(served);
    const { reads, get } = served;
    reads.length = 0;
    await (await get("set/a/c/5")).bytes();
    const { length } = refs[5] as Extract<ChunkRef, { kind: "range" }>;
    // All of a block is read to decode it; of one that is not encoded only the slice.
    const expected = declared === "bytes" ? [CHUNK_BYTES] : [length];
    assert.ok(reads.length <= 1, String(reads));
    if (reads.length > 0) assert.deepEqual(reads, expected);
    reads.length = 0;
    await (await get("set/a/c/6", { headers: { range: "bytes=8-11" } })).bytes();
    if (declared === "bytes") assert.deepEqual(reads, [4]);
    const native = await get("set~native/a/c/2");
    if (declared === "bytes") {
      assert.deepEqual(await native.bytes(), RAW.slice(2 * CHUNK_BYTES, 3 * CHUNK_BYTES));
    } else {
      assert.equal(native.status, 502, "a block is no chunk of the array's own codecs");
    }
  });
}

Deno.test("an array's chunks may be of two encodings: GET, HEAD and ranges of each", async () => {
  for (
    const [usual, other] of [
      [[little, deflate], [little]],
      [[little], [little, deflate]],
      [[delta, little], [little, deflate]],
    ]
  ) {
    const encoded = Array.from(
      { length: 8 },
      (_, c) => encode(RAW.subarray(c * CHUNK_BYTES, (c + 1) * CHUNK_BYTES), c % 3 ? usual : other),
    );
    const refs = encoded.map((bytes, c): ChunkRef => ({
      kind: "range",
      file: { url: ARCHIVE },
      encoding: c % 3 ? 0 : 1,
      offset: encoded.slice(0, c).reduce((sum, { length }) => sum + length, 0),
      length: bytes.length,
    }));
    const file = new Uint8Array(await new Blob(encoded as BlobPart[]).arrayBuffer());
    await checkChunks(await serve(usual, [{ codecs: usual }, { codecs: other }], file, refs));
  }
});

Deno.test("whole chunks and slices of blocks may be of one array", async () => {
  for (const [usual, other] of [[[little, deflate], [little]], [[little], [little, deflate]]]) {
    const { file, refs } = blocks(other, 1);
    const stored = encode(RAW.subarray(0, CHUNK_BYTES), usual);
    const whole: ChunkRef = {
      kind: "range",
      file: { url: ARCHIVE },
      offset: file.length,
      length: stored.length,
    };
    const encodings = [{ codecs: usual }, {
      codecs: other,
      chunkShape: [BLOCK],
      sliced: true as const,
    }];
    const both = Uint8Array.of(...file, ...stored);
    const served = await serve(usual, encodings, both, [whole, ...refs.slice(1)]);
    await checkChunks(served);
    const first = await (await served.get("-/refs/set/a/c/0")).json();
    assert.deepEqual([first.codecs, first.within], [usual, undefined]);
    const slice = await (await served.get("-/refs/set/a/c/1")).json();
    assert.deepEqual([slice.codecs, slice.within], [other, { offset: 400, length: 400 }]);
  }
});

Deno.test("a slice that is none of a chunk's is refused, never sent whole", async (t) => {
  const { file, refs } = blocks([little, deflate]);
  const ref = refs[1] as Extract<ChunkRef, { kind: "range" }>;
  const sliced = { codecs: [little, deflate], chunkShape: [BLOCK], sliced: true as const };
  const raw = blocks([little]);
  const rawRef = raw.refs[1] as typeof ref;
  const rawSliced = { ...sliced, codecs: [little] };
  const { within: _, ...whole } = ref;
  const cases: Array<[string, Encoding, ChunkRef, Uint8Array]> = [
    ["of an array of whole chunks", { codecs: [little, deflate] }, ref, file],
    ["of an array of whole uncompressed chunks", { codecs: [little] }, rawRef, raw.file],
    ["a block without a slice", sliced, whole, file],
    ["longer than a chunk", sliced, { ...ref, within: { offset: 0, length: 800 } }, file],
    ["beyond the block", sliced, { ...ref, within: { offset: 1204, length: 400 } }, file],
    ["of a short block", rawSliced, { ...rawRef, length: 1000 }, raw.file],
    ["a part of a chunk", sliced, { kind: "concat", parts: [ref] }, file],
    [
      "of a block of unknown codecs",
      { ...sliced, codecs: [little, { name: "numcodecs.grib" }] },
      ref,
      file,
    ],
  ];
  for (const [title, encoding, refused, bytes] of cases) {
    await t.step(title, async () => {
      const { get } = await serve(encoding.codecs, [encoding], bytes, [refused]);
      for (const view of ["set", "set~native"]) {
        const response = await get(`${view}/a/c/0`);
        assert.equal(response.status, 502, await response.text());
      }
    });
  }
});

Deno.test("a slice of a transposed block is refused: it is no transposed chunk", () => {
  const codecs = [{ name: "transpose", configuration: { order: [1, 0] } }, little, deflate];
  const metadata = {
    zarr_format: 3,
    node_type: "array",
    shape: [20, 20],
    data_type: "int32",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [5, 20] } },
    chunk_key_encoding: { name: "default" },
    fill_value: 0,
    codecs,
  } as const;
  const plans = planEncodings(metadata, [{ codecs, chunkShape: [20, 20], sliced: true }]);
  assert.deepEqual(plans.map(({ tier }) => tier), ["native"]);
});

Deno.test("/-/refs of a chunk in parts names the place of each", async () => {
  const raw = RAW.slice(0, CHUNK_BYTES);
  const file = Uint8Array.of(...raw.subarray(200), ...raw.subarray(0, 100));
  const at = (offset: number, length: number): ChunkRef => ({
    kind: "range",
    file: { url: ARCHIVE },
    offset,
    length,
  });
  const parts: ChunkRef[] = [
    at(200, 100),
    { kind: "inline", bytes: raw.slice(100, 200) },
    at(0, 200),
  ];
  const { get } = await serve([little], [{ codecs: [little] }], file, [{ kind: "concat", parts }]);
  const { parts: shown } = await (await get("-/refs/set/a/c/0")).json();
  assert.deepEqual(shown, [
    { url: ARCHIVE.href, offset: 200, length: 100 },
    { inline: raw.slice(100, 200).toBase64() },
    { url: ARCHIVE.href, offset: 0, length: 200 },
  ]);
  assert.deepEqual(await (await get("set/a/c/0")).bytes(), raw);
});
