import assert from "node:assert/strict";
import { openManifest } from "../../../manifests/mod.ts";
import { zip } from "../../../manifests/zip/mod.ts";
import { planEncodings } from "../../../src/chunk/encodings.ts";
import { readPipeline } from "../../../src/chunk/pipeline.ts";
import { planDecoding } from "../../../src/chunk/transcode.ts";
import type { ChunkRef } from "../../../src/chunk/ref.ts";
import { decodeAll } from "../../../src/codecs/decode_steps.ts";
import { AT_ONCE } from "../../../src/codecs/pace.ts";
import { IndexError, SluiceError } from "../../../src/errors.ts";
import type { ArrayNode, Manifest } from "../../../src/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FOLDER = new URL("../../fixtures/zip/", import.meta.url);
const FILE = new URL("https://h/store.zip");

const expected: {
  readonly files: Record<string, number>;
  readonly arrays: Record<string, Record<string, { shape: number[]; values: number[] }>>;
} = JSON.parse(await Deno.readTextFile(new URL("expected.json", FOLDER)));

function fixture(name: string): Promise<Uint8Array> {
  return Deno.readFile(new URL(name, FOLDER));
}

async function opened(bytes: Uint8Array) {
  const memory = memoryOrigin({ [FILE.href]: bytes });
  const manifest = await zip.open(FILE, memory.origin, openOptions());
  return { ...memory, manifest };
}

async function arrayOf(manifest: Manifest, path: string): Promise<ArrayNode> {
  const node = await manifest.node(path);
  assert.ok(node?.type === "array", path);
  return node;
}

/** What a reference leads to, its parts put together. */
function bytesOf(ref: ChunkRef, file: Uint8Array): Uint8Array {
  if (ref.kind === "inline") return ref.bytes;
  if (ref.kind === "range") return file.slice(ref.offset, ref.offset + ref.length);
  assert.ok(ref.kind === "concat");
  return new Uint8Array(ref.parts.flatMap((part) => [...bytesOf(part, file)]));
}

const READERS: Record<string, (view: DataView, at: number) => number> = {
  float32: (view, at) => view.getFloat32(at * 4, true),
  int16: (view, at) => view.getInt16(at * 2, true),
  int64: (view, at) => Number(view.getBigInt64(at * 8, true)),
};

/** All values of an array in C order, decoded by the codecs that its metadata declare. */
async function values(manifest: Manifest, path: string, file: Uint8Array): Promise<number[]> {
  const { metadata, encodings = [{ codecs: metadata.codecs }], layout } = await arrayOf(
    manifest,
    path,
  );
  const { shape } = metadata;
  const [rows = 1, columns = 1] = shape;
  const read = READERS[metadata.data_type as string];
  const all = new Array(rows * columns).fill(metadata.fill_value);
  const [height = 1, width = 1] = layout!.chunkShape;
  for (let row = 0; row < rows; row += height) {
    for (let column = 0; column < columns; column += width) {
      const ref = await manifest.chunk(
        path,
        shape.length === 0 ? [] : [row / height, column / width],
      );
      if (!ref) continue;
      const pipeline = readPipeline({ ...metadata, ...encodings[ref.encoding ?? 0] });
      assert.ok(!("reason" in pipeline), path);
      const raw = planDecoding(pipeline);
      assert.ok(!("reason" in raw), path);
      const bytes = await decodeAll(raw.decode, bytesOf(ref, file), AT_ONCE);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let y = 0; y < height && row + y < rows; y++) {
        for (let x = 0; x < width && column + x < columns; x++) {
          all[(row + y) * columns + column + x] = read(view, y * width + x);
        }
      }
    }
  }
  return all;
}

for (const [name, version] of Object.entries(expected.files)) {
  Deno.test(`${name} has the arrays and values that zarr-python reads of the store`, async () => {
    const bytes = await fixture(name);
    const { manifest } = await opened(bytes);
    const arrays = expected.arrays[version];
    assert.deepEqual(
      [...await manifest.children(""), ...await manifest.children("inner")].sort(),
      [...Object.keys(arrays).map((path) => path.replace("inner/", "")), "inner"].sort(),
    );
    assert.deepEqual((await manifest.node(""))?.metadata.attributes, { title: "zipped" });
    for (const [path, array] of Object.entries(arrays)) {
      assert.deepEqual((await arrayOf(manifest, path)).metadata.shape, array.shape);
      if (path === "sharded") continue; // its inner chunks are read by clients
      assert.deepEqual(await values(manifest, path, bytes), array.values, path);
    }
  });

  Deno.test(`${name}: every array has portable codecs that hold for all of its chunks`, async () => {
    const { manifest } = await opened(await fixture(name));
    for (const path of Object.keys(expected.arrays[version])) {
      const { metadata, encodings, unsupported } = await arrayOf(manifest, path);
      const tiers = planEncodings(metadata, encodings).map(({ tier }) => tier);
      if (path === "sharded" && !name.includes("stored")) {
        assert.match(unsupported ?? "", /shards are deflated/);
        continue;
      }
      assert.equal(unsupported, undefined, path);
      assert.ok(!tiers.includes("native") && !tiers.includes("refused"), `${path}: ${tiers}`);
    }
  });

  Deno.test(`${name}: its references are as many, as long and as encoded as its chunks`, async () => {
    const { manifest } = await opened(await fixture(name));
    for (const path of Object.keys(expected.arrays[version])) {
      const { layout } = await arrayOf(manifest, path);
      let rows = 0;
      for await (const table of manifest.refs(path)) {
        const rank = layout!.grid.length;
        for (let row = 0; row < table.rows; row++, rows++) {
          const coords = [...table.coords.subarray(row * rank, (row + 1) * rank)];
          const ref = await manifest.chunk(path, coords);
          const range = ref?.kind === "concat" ? ref.parts[1] : ref;
          assert.ok(range?.kind === "range");
          assert.equal(table.lengths[row], range.length);
          assert.equal(table.encodings?.[row] ?? 0, ref!.encoding ?? 0);
        }
      }
      assert.ok(rows > 0, path);
    }
  });
}

Deno.test("a deflated chunk is its stored bytes in gzip; a chunk that is not in the zip is absent", async () => {
  const { manifest } = await opened(await fixture("v3_deflated.zarr.zip"));
  const ref = await manifest.chunk("plain", [0, 0]);
  assert.ok(ref?.kind === "concat");
  assert.deepEqual(ref.parts.map(({ kind }) => kind), ["inline", "range", "inline"]);
  assert.deepEqual(
    ref.parts.map((part) => part.kind === "inline" ? part.bytes.length : 0),
    [10, 0, 8],
  );
  assert.equal((await arrayOf(manifest, "plain")).metadata.codecs.at(-1)?.name, "gzip");
  assert.equal(await manifest.chunk("inner/zstd", [3, 0]), undefined);
  assert.equal(await manifest.chunk("plain", [9, 9]), undefined);
});

Deno.test("what a node's own document says of codecs is kept only where no chunk is deflated", async () => {
  const stored = (await opened(await fixture("v3_stored.zarr.zip"))).manifest;
  const deflated = (await opened(await fixture("v3_deflated.zarr.zip"))).manifest;
  for (const path of ["", "inner", "plain"]) {
    assert.ok((await stored.node(path))?.source, path);
    assert.equal((await deflated.node(path))?.source, undefined, path);
  }
});

Deno.test("a deflated array's own .zarray names gzip as what is undone first", async () => {
  const { manifest } = await opened(await fixture("v2_deflated.zarr.zip"));
  const documentOf = async (path: string) => {
    const { source } = await arrayOf(manifest, path);
    assert.ok(source?.zarrFormat === 2);
    return JSON.parse(new TextDecoder().decode(source.document));
  };
  const gzip = { id: "gzip", level: 6 };
  const { filters, compressor, fill_value } = await documentOf("inner/zlib");
  assert.deepEqual([filters, compressor, fill_value], [[{ id: "zlib", level: 5 }], gzip, -7]);
  assert.deepEqual((await documentOf("plain")).filters, []);
});

Deno.test("a zip opens in two requests, and its first chunk takes none but its own", async () => {
  const { manifest, asked } = await opened(await fixture("v3_stored.zarr.zip"));
  await manifest.chunk("plain", [0, 0]);
  assert.deepEqual(asked, [`head ${FILE.href}`, `read ${FILE.href}`]);
  assert.match((await manifest.report!())[0][1], /^2 requests, \d+ bytes, \d+ ms$/);
});

Deno.test("a zip is known by its name, or by its first bytes", async () => {
  const bytes = await fixture("v3_stored.zarr.zip");
  for (const href of ["https://h/a.zarr.zip", "https://h/a.OZX", "https://h/a"]) {
    const { origin } = memoryOrigin({ [href]: bytes });
    const manifest = await openManifest(new URL(href), origin, openOptions());
    assert.ok((await manifest.children("")).includes("plain"), href);
  }
});

Deno.test("of members of one name the last counts; bytes before the archive are allowed", async () => {
  const member = (text: string) => ({ name: "zarr.json", text });
  const group = (title: string) =>
    `{"zarr_format":3,"node_type":"group","attributes":{"title":"${title}"}}`;
  const bytes = written([member(group("first")), member(group("last"))]);
  for (const file of [bytes, new Uint8Array([...new Uint8Array(99), ...bytes])]) {
    const { manifest } = await opened(file);
    assert.deepEqual((await manifest.node(""))?.metadata.attributes, { title: "last" });
  }
});

Deno.test("a zip that has changed is opened anew, one that has not is not", async () => {
  const { files, manifest } = await opened(await fixture("v3_stored.zarr.zip"));
  assert.equal(await manifest.refresh(), manifest);
  files.set(FILE.href, await fixture("v3_deflated.zarr.zip"));
  assert.notEqual((await manifest.refresh()).version, manifest.version);
});

interface Written {
  readonly name: string;
  readonly text: string;
  readonly flags?: number;
  readonly method?: number;
  readonly localName?: string;
}

/** A zip of stored members, its end changed by `end`. */
function written(
  members: readonly Written[],
  end: (view: DataView) => void = () => {},
): Uint8Array {
  const encoder = new TextEncoder();
  const local: number[] = [];
  const directory: number[] = [];
  for (const { name, text, flags = 0, method = 0, localName = name } of members) {
    const content = encoder.encode(text);
    const header = new DataView(new ArrayBuffer(30));
    header.setUint32(0, 0x04034b50, true);
    header.setUint16(26, localName.length, true);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(8, flags, true);
    entry.setUint16(10, method, true);
    entry.setUint32(20, content.length, true);
    entry.setUint32(24, content.length, true);
    entry.setUint16(28, name.length, true);
    entry.setUint32(42, local.length, true);
    directory.push(...new Uint8Array(entry.buffer), ...encoder.encode(name));
    local.push(...new Uint8Array(header.buffer), ...encoder.encode(localName), ...content);
  }
  const last = new DataView(new ArrayBuffer(22));
  last.setUint32(0, 0x06054b50, true);
  last.setUint16(8, members.length, true);
  last.setUint16(10, members.length, true);
  last.setUint32(12, directory.length, true);
  last.setUint32(16, local.length, true);
  end(last);
  return new Uint8Array([...local, ...directory, ...new Uint8Array(last.buffer)]);
}

const GROUP = { name: "zarr.json", text: '{"zarr_format":3,"node_type":"group"}' };

const REFUSED: ReadonlyArray<readonly [why: string, bytes: Uint8Array, message: RegExp]> = [
  ["an encrypted member", written([GROUP, { name: "a", text: "", flags: 1 }]), /"a" is encrypted/],
  ["bzip2", written([GROUP, { name: "a", text: "x", method: 12 }]), /"a" has .* method 12/],
  ["a backslash", written([GROUP, { name: "c\\0", text: "x" }]), /backslash/],
  ["several disks", written([GROUP], (view) => view.setUint16(4, 1, true)), /split/],
  ["no Zarr", written([{ name: "a.txt", text: "x" }]), /no zarr\.json/],
  ["another member's header", written([{ ...GROUP, localName: "zarr_json" }]), /not where/],
  ["fewer entries", written([GROUP], (view) => view.setUint16(10, 2, true)), /1 entries, not 2/],
  ["a directory outside", written([GROUP], (view) => view.setUint32(12, 9999, true)), /outside/],
  ["no end", written([GROUP]).subarray(0, -1), /no end/],
  [
    "kerchunk Parquet",
    written([{ name: ".zmetadata", text: '{"metadata":{},"record_size":10}' }]),
    /kerchunk Parquet/,
  ],
];

for (const [why, bytes, message] of REFUSED) {
  Deno.test(`a zip with ${why} is refused with its reason`, async () => {
    await assert.rejects(opened(bytes), (fault) => {
      assert.ok(fault instanceof IndexError, `${fault}`);
      assert.match(fault.message, message);
      return true;
    });
  });
}

Deno.test("a chunk whose member is empty is a fault, not absent", async () => {
  const text =
    '{"zarr_format":3,"node_type":"array","shape":[2],"data_type":"uint8","fill_value":0,' +
    '"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2]}},' +
    '"chunk_key_encoding":{"name":"default"},"codecs":[{"name":"bytes"}]}';
  const { manifest } = await opened(
    written([{ name: "zarr.json", text }, { name: "c/0", text: "" }]),
  );
  await assert.rejects(manifest.chunk("", [0]), SluiceError);
});

Deno.test("a directory that is larger than the limit is refused", async () => {
  const { origin } = memoryOrigin({ [FILE.href]: await fixture("v3_stored.zarr.zip") });
  await assert.rejects(
    zip.open(FILE, origin, openOptions(1000)),
    (fault: SluiceError) => fault.code === "index-too-large",
  );
});
