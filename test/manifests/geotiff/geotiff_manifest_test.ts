import assert from "node:assert/strict";
import { geotiff } from "../../../manifests/geotiff/mod.ts";
import { planEncodings } from "../../../src/chunk/encodings.ts";
import { decodeAll } from "../../../src/codecs/decode_steps.ts";
import type { ChunkRef } from "../../../src/chunk/ref.ts";
import { SluiceError } from "../../../src/errors.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FOLDER = new URL("../../fixtures/geotiff/", import.meta.url);
const FILE = new URL("https://h/scene.tif");
const NAMES = ["cog", "strips", "big", "plain", "sparse"];

interface Expected {
  readonly values: readonly number[];
  readonly places: Readonly<Record<string, readonly number[]>>;
}

const expected: Record<string, Expected> = JSON.parse(
  await Deno.readTextFile(new URL("expected.json", FOLDER)),
);

function fixture(name: string): Promise<Uint8Array> {
  return Deno.readFile(new URL(`${name}.tif`, FOLDER));
}

async function opened(bytes: Uint8Array) {
  const memory = memoryOrigin({ [FILE.href]: bytes });
  const manifest = await geotiff.open(FILE, memory.origin, openOptions());
  return { ...memory, manifest };
}

async function arrayOf(manifest: Manifest, path: string) {
  const node = await manifest.node(path);
  assert.ok(node?.type === "array", path);
  return node;
}

for (const name of NAMES) {
  Deno.test(`the tiles of ${name}.tif are where GDAL finds them`, async () => {
    const { manifest } = await opened(await fixture(name));
    const { layout } = await arrayOf(manifest, "data");
    const [rows, columns] = layout!.grid.slice(-2);
    let stored = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const bands = layout!.grid.length === 3 ? [0] : [];
        const ref = await manifest.chunk("data", [...bands, row, column]);
        const [range] = ref?.kind === "concat" ? ref.parts : [ref];
        const place = expected[name].places[`${row}.${column}`];
        if (!place) {
          assert.notEqual(range?.kind, "range");
          continue;
        }
        stored++;
        assert.ok(range?.kind === "range");
        assert.deepEqual([range.offset, range.length], place, `${row}.${column}`);
      }
    }
    assert.ok(stored > 0);
  });

  Deno.test(`${name}.tif has the values that rasterio reads`, async () => {
    const bytes = await fixture(name);
    const { manifest } = await opened(bytes);
    assert.deepEqual(await values(manifest, bytes), expected[name].values);
  });

  Deno.test(`all references of ${name}.tif are those of its chunks`, async () => {
    const { manifest } = await opened(await fixture(name));
    let rows = 0;
    for await (const table of manifest.refs("data")) {
      const rank = table.coords.length / table.rows;
      for (let row = 0; row < table.rows; row++, rows++) {
        const coords = [...table.coords.subarray(row * rank, (row + 1) * rank)];
        const ref = await manifest.chunk("data", coords);
        const [range] = ref?.kind === "concat" ? ref.parts : [ref];
        assert.ok(range?.kind === "range");
        assert.deepEqual([table.offsets[row], table.lengths[row]], [range.offset, range.length]);
      }
    }
    assert.ok(rows > 0);
  });
}

Deno.test("a COG's sizes are groups that a multiscales attribute names", async () => {
  const { manifest } = await opened(await fixture("cog"));
  assert.deepEqual(
    await manifest.children(""),
    ["0", "1", "2", "band", "data", "spatial_ref", "x", "y"],
  );
  const root = await manifest.node("");
  const layout = (root!.metadata.attributes as Record<string, never>)["multiscales"]["layout"];
  assert.deepEqual((layout as { asset: string }[]).map(({ asset }) => asset), ["0", "1", "2"]);
  assert.deepEqual((await arrayOf(manifest, "0/data")).metadata.shape, [2, 37, 50]);
  assert.deepEqual((await arrayOf(manifest, "1/data")).metadata.shape, [2, 18, 25]);
});

Deno.test("a tile that is not stored is zeros where nothing stands for no data", async () => {
  const { manifest } = await opened(await fixture("sparse"));
  const ref = await manifest.chunk("data", [0, 0]);
  assert.ok(ref?.kind === "concat");
  const bytes = ref.parts.flatMap((part) => part.kind === "inline" ? [...part.bytes] : []);
  assert.deepEqual(bytes, new Array(256).fill(0));
});

Deno.test("x and y are the centres of pixels", async () => {
  const { manifest } = await opened(await fixture("plain"));
  const first = async (path: string) => {
    const ref = await manifest.chunk(path, [0]);
    assert.ok(ref?.kind === "inline");
    return [...new Float64Array(ref.bytes.slice().buffer)].slice(0, 2);
  };
  assert.deepEqual(await first("x"), [500010, 500030]);
  assert.deepEqual(await first("y"), [4599995, 4599985]);
});

Deno.test("directories that lead in a circle, or outside of the file, are malformed", async (t) => {
  // the header, a directory of one entry at 8, and what follows it
  const file = (tag: number, type: number, count: number, value: number, next: number) => {
    const bytes = new Uint8Array(26);
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0]);
    view.setUint16(10, tag, true);
    view.setUint16(12, type, true);
    view.setUint32(14, count, true);
    view.setUint32(18, value, true);
    view.setUint32(22, next, true);
    return bytes;
  };
  const cases = {
    "a circle": file(256, 4, 1, 1, 8),
    "2³² − 1 bits": file(258, 3, 2 ** 32 - 1, 8, 0),
    "2³² − 1 tiles": file(324, 4, 2 ** 32 - 1, 8, 0),
    "values behind the end": file(258, 3, 100, 2 ** 32 - 1, 0),
    "a directory behind the end": file(256, 4, 1, 1, 2 ** 31),
    "no width": file(257, 4, 1, 1, 0),
    "no entries": new Uint8Array([0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    "no directory": new Uint8Array([0x49, 0x49, 42, 0, 0, 0, 0, 0]),
    "a header alone": new Uint8Array([0x49, 0x49, 42]),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    await t.step(name, async () => {
      await assert.rejects(opened(bytes), { code: "index-invalid" });
    });
  }
});

Deno.test("1,500 damaged files are read or refused, and no read is outside of them", async () => {
  const random = seeded(20261121);
  let refused = 0;
  for (let i = 0; i < 1500; i++) {
    const whole = await fixture(NAMES[i % NAMES.length]);
    const cut = i % 3 === 0 ? whole.slice(0, Math.floor(random() * whole.length)) : whole.slice();
    // most of what a file says of itself stands at its start, or behind its pixels
    for (let n = 1 + Math.floor(random() * 6); n > 0 && i % 3 !== 0; n--) {
      const at = random() < 0.7 ? random() * Math.min(900, cut.length) : random() * cut.length;
      cut[Math.floor(at)] = Math.floor(random() * 256);
    }
    try {
      const { manifest, asked } = await opened(cut);
      for (const path of await manifest.children("")) {
        const node = await manifest.node(path);
        if (node?.type !== "array") continue;
        const rank = node.layout!.grid.length;
        const ref = await manifest.chunk(path, new Array(rank).fill(0));
        for (const range of ref?.kind === "concat" ? ref.parts : [ref]) {
          if (range?.kind === "range") assert.ok(range.offset + range.length <= cut.length);
        }
      }
      assert.ok(asked.length < 100);
    } catch (fault) {
      if (!(fault instanceof SluiceError)) throw fault;
      refused++;
    }
  }
  assert.ok(refused > 300 && refused < 1500, `${refused}`);
});

/** All values of `data`, decoded as they are served. */
async function values(manifest: Manifest, file: Uint8Array): Promise<number[]> {
  const { metadata, layout, encodings } = await arrayOf(manifest, "data");
  const plans = planEncodings(metadata, encodings);
  const [rows, columns] = metadata.shape.slice(-2);
  const bands = metadata.shape.length === 3 ? metadata.shape[0] : 1;
  const out = new Array<number>(bands * rows * columns).fill(NaN);
  const [chunkRows, chunkColumns] = layout!.chunkShape.slice(-2);
  const chunkBands = metadata.shape.length === 3 ? layout!.chunkShape[0] : 1;
  for (let i = 0; i < layout!.chunks; i++) {
    const column = i % layout!.grid.at(-1)!;
    const row = Math.floor(i / layout!.grid.at(-1)!) % layout!.grid.at(-2)!;
    const band = Math.floor(i / layout!.grid.at(-1)! / layout!.grid.at(-2)!);
    const ref = await manifest.chunk(
      "data",
      metadata.shape.length === 3 ? [band, row, column] : [row, column],
    );
    assert.ok(ref);
    const plan = plans[ref.encoding ?? 0];
    assert.ok(plan.tier !== "native" && plan.tier !== "refused", JSON.stringify(plan));
    const stored = bytesOf(ref, file);
    const raw = plan.tier === "pass" ? stored : await decodeAll(plan.decode, stored);
    const big = metadata.codecs.find(({ name }) =>
      name === "bytes"
    )?.configuration?.endian === "big";
    const read = reader(String(metadata.data_type), raw, !big);
    for (let at = 0; at < chunkBands * chunkRows * chunkColumns; at++) {
      const b = band * chunkBands + Math.floor(at / chunkRows / chunkColumns);
      const y = row * chunkRows + Math.floor(at / chunkColumns) % chunkRows;
      const x = column * chunkColumns + at % chunkColumns;
      if (y < rows && x < columns) out[(b * rows + y) * columns + x] = read(at);
    }
  }
  return out;
}

function bytesOf(ref: ChunkRef, file: Uint8Array): Uint8Array {
  const parts = ref.kind === "concat" ? ref.parts : [ref];
  return new Uint8Array(
    parts.flatMap((part) =>
      part.kind === "range"
        ? [...file.subarray(part.offset, part.offset + part.length)]
        : part.kind === "inline"
        ? [...part.bytes]
        : []
    ),
  );
}

function reader(type: string, bytes: Uint8Array, little: boolean): (i: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case "int16":
      return (i) => view.getInt16(2 * i, little);
    case "uint16":
      return (i) => view.getUint16(2 * i, little);
    case "float32":
      return (i) => view.getFloat32(4 * i, little);
    default:
      return (i) => view.getUint8(i);
  }
}

/** Numbers from 0 to 1, the same in each run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

Deno.test("of a table of a million tiles, the part is read that a tile is looked for in", async () => {
  const side = 1024;
  const tiles = side * side;
  const tags = [[256, side * 16], [257, side * 16], [258, 8], [259, 1], [322, 16], [323, 16]];
  const start = 8 + 2 + 12 * 8 + 4;
  const bytes = new Uint8Array(start + 8 * tiles + 256);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, 8, 0]);
  const entries = [...tags.map(([tag, value]) => [tag, 1, value]), [324, tiles, start], [
    325,
    tiles,
    start + 4 * tiles,
  ]];
  entries.forEach(([tag, count, value], i) => {
    view.setUint16(10 + 12 * i, tag, true);
    view.setUint16(12 + 12 * i, 4, true);
    view.setUint32(14 + 12 * i, count, true);
    view.setUint32(18 + 12 * i, value, true);
  });
  for (let i = 0; i < tiles; i++) {
    // all of them are the same 256 bytes, but for a mark in the offset of one
    view.setUint32(start + 4 * i, start + 8 * tiles - (i === 777_777 ? 1 : 0), true);
    view.setUint32(start + 4 * (tiles + i), 256, true);
  }
  const memory = memoryOrigin({ [FILE.href]: bytes });
  const options = openOptions(2 ** 20);
  const manifest = await geotiff.open(FILE, memory.origin, options);
  const place = [Math.floor(777_777 / side), 777_777 % side];
  const before = memory.asked.length;
  const ref = await manifest.chunk("data", place);
  assert.ok(ref?.kind === "range");
  assert.deepEqual([ref.offset, ref.length], [start + 8 * tiles - 1, 256]);
  assert.equal(memory.asked.length - before, 2, "one read of each table");
  let rows = 0;
  for await (const table of manifest.refs("data")) rows += table.rows;
  assert.equal(rows, tiles);
  assert.ok(options.cache.bytes <= 2 ** 20);
});
