/** NetCDF-3 files by netCDF-C and SciPy: every chunk lies where they have it, and nothing but the header is read. */

import assert from "node:assert/strict";
import { netcdf3 } from "../../../manifests/netcdf3/mod.ts";
import { openManifest } from "../../../manifests/mod.ts";
import { IndexError } from "../../../src/errors.ts";
import type { ArrayNode, Manifest } from "../../../src/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FILES = new URL("../../fixtures/netcdf3/", import.meta.url);
const PLACE = new URL("https://h/file.nc");

interface Expected {
  readonly shape: readonly number[];
  readonly dimensions: readonly string[];
  /** Big-endian. */
  readonly bytes: string;
}
const EXPECTED: Record<string, Record<string, Expected>> = JSON.parse(
  await Deno.readTextFile(new URL("expected.json", FILES)),
);

async function openBytes(bytes: Uint8Array): Promise<Manifest> {
  return await netcdf3.open(PLACE, memoryOrigin({ [PLACE.href]: bytes }).origin, openOptions());
}

async function arrayNode(manifest: Manifest, path: string): Promise<ArrayNode> {
  const node = await manifest.node(path);
  assert.ok(node?.type === "array", path);
  return node;
}

/** The bytes of the chunks of an array in the order of its grid, by its tables of references. */
async function stored(manifest: Manifest, path: string, file: Uint8Array): Promise<string> {
  const rank = (await arrayNode(manifest, path)).metadata.shape.length;
  let hex = "";
  for await (const { rows, coords, offsets, lengths } of manifest.refs(path, "grid")) {
    for (let i = 0; i < rows; i++) {
      hex += file.slice(offsets[i], offsets[i] + lengths[i]).toHex();
      const ref = await manifest.chunk(path, [...coords.subarray(i * rank, (i + 1) * rank)]);
      assert.ok(ref?.kind === "range", path);
      assert.deepEqual([ref.offset, ref.length], [offsets[i], lengths[i]], path);
    }
  }
  return hex;
}

/** Big-endian fields and names, as a header has them. */
class HeaderBytes {
  readonly #bytes: number[];

  constructor(readonly version: 1 | 2 | 5 = 1) {
    this.#bytes = [0x43, 0x44, 0x46, version];
  }

  u32(...values: number[]): this {
    for (const value of values) {
      for (const shift of [24, 16, 8, 0]) this.#bytes.push(value >>> shift & 255);
    }
    return this;
  }

  name(name: string): this {
    this.u32(name.length);
    const padded = name.padEnd(Math.ceil(name.length / 4) * 4, "\0");
    for (const letter of padded) this.#bytes.push(letter.charCodeAt(0));
    return this;
  }

  /** The header with `more` bytes behind it, which count up. */
  file(more: number): Uint8Array {
    return new Uint8Array([...this.#bytes, ...Array.from({ length: more }, (_, i) => i % 251)]);
  }
}

/** A file of `records`, of one int16 and one int32 a record; its data starts at byte 128. */
function twoRecords(records: number): HeaderBytes {
  return new HeaderBytes().u32(records)
    .u32(10, 1).name("time").u32(0)
    .u32(0, 0)
    .u32(11, 2)
    .name("a").u32(1, 0, 0, 0, 3, 4, 128)
    .name("bcde").u32(1, 0, 0, 0, 4, 4, 132);
}

for (const [name, arrays] of Object.entries(EXPECTED)) {
  Deno.test(`${name}: shapes, dimensions and bytes are the writer's`, async () => {
    const file = await Deno.readFile(new URL(name, FILES));
    const manifest = await openBytes(file);
    assert.deepEqual(await manifest.children(""), Object.keys(arrays).sort());
    for (const [path, { shape, dimensions, bytes }] of Object.entries(arrays)) {
      const { metadata } = await arrayNode(manifest, path);
      assert.deepEqual(metadata.shape, shape, path);
      assert.deepEqual(metadata.dimension_names, dimensions, path);
      assert.equal(await stored(manifest, path, file), bytes, path);
    }
  });
}

Deno.test("a file is known by its first bytes and opened in two requests", async () => {
  for (const name of ["classic.nc", "offset.nc", "data.nc"]) {
    const bytes = await Deno.readFile(new URL(name, FILES));
    const { origin } = memoryOrigin({ [PLACE.href]: bytes });
    const manifest = await openManifest(PLACE, origin, openOptions());
    const [[label, cost]] = await manifest.report!();
    assert.equal(label, "read to open");
    assert.match(cost, new RegExp(`^2 requests, ${bytes.length} bytes`));
  }
});

Deno.test("attributes, types and fill values are as xarray needs them", async () => {
  const manifest = await openBytes(await Deno.readFile(new URL("data.nc", FILES)));
  const root = await manifest.node("");
  assert.equal(root?.metadata.attributes?.title, "Größe");
  const { metadata: packed } = await arrayNode(manifest, "packed");
  assert.equal(packed.attributes?._FillValue, -999);
  assert.equal(packed.fill_value, -999);
  assert.deepEqual(packed.codecs, [{ name: "bytes", configuration: { endian: "big" } }]);
  const { metadata: unwritten } = await arrayNode(manifest, "unwritten");
  assert.equal(unwritten.attributes?._FillValue, undefined, "no mask of what is no attribute");
  const { metadata: names } = await arrayNode(manifest, "names");
  assert.deepEqual(names.data_type, {
    name: "null_terminated_bytes",
    configuration: { length_bytes: 1 },
  });
  assert.equal((await arrayNode(manifest, "fixed_u8")).metadata.data_type, "uint64");
});

Deno.test("records of several variables are one chunk each, strided; of one variable they are in a row", async () => {
  const many = await openBytes(await Deno.readFile(new URL("classic.nc", FILES)));
  assert.deepEqual((await arrayNode(many, "records_i2")).layout?.chunkShape, [1, 3]);
  const single = await openBytes(await Deno.readFile(new URL("single.nc", FILES)));
  assert.deepEqual((await arrayNode(single, "only")).layout?.chunkShape, [5, 3]);
});

Deno.test("several hundred thousand records have places by arithmetic", async () => {
  const records = 300_000;
  const { origin } = memoryOrigin({ [PLACE.href]: twoRecords(records).file(8 * records + 200) });
  const manifest = await netcdf3.open(PLACE, origin, openOptions());
  assert.ok(manifest.heldBytes! < 16_384, `${manifest.heldBytes}`);
  const ref = await manifest.chunk("a", [records - 1]);
  assert.ok(ref?.kind === "range");
  assert.deepEqual([ref.offset, ref.length], [128 + 8 * (records - 1), 2]);
  assert.equal(await manifest.chunk("a", [records]), undefined);
  let rows = 0;
  for await (const table of manifest.refs("bcde")) {
    for (let i = 0; i < table.rows; i++) {
      assert.equal(table.offsets[i], 132 + 8 * table.coords[i]);
    }
    rows += table.rows;
  }
  assert.equal(rows, records);
});

Deno.test("a fixed variable over 16 MB is served in rows of about 4 MB, the last padded", async () => {
  const rows = 4201;
  const header = new HeaderBytes().u32(0)
    .u32(10, 2).name("yyyy").u32(rows).name("xxxx").u32(1024)
    .u32(0, 0)
    .u32(11, 1).name("data").u32(2, 0, 1, 0, 0, 5, 0, 256);
  const bytes = new Uint8Array(256 + rows * 4096);
  bytes.set(header.file(0));
  const manifest = await openBytes(bytes);
  const { chunkShape, chunks } = (await arrayNode(manifest, "data")).layout!;
  assert.deepEqual([chunkShape[1], chunks], [1024, Math.ceil(rows / chunkShape[0])]);
  assert.ok(chunkShape[0] > 500 && chunkShape[0] <= 1024);
  let total = 0;
  for (let i = 0; i < chunks; i++) {
    const ref = await manifest.chunk("data", [i, 0]);
    const [range, rest] = ref?.kind === "concat" ? ref.parts : [ref];
    assert.ok(range?.kind === "range");
    assert.equal(range.offset, 256 + i * chunkShape[0] * 4096);
    const padding = rest?.kind === "inline" ? rest.bytes.length : 0;
    assert.equal(range.length + padding, chunkShape[0] * 4096);
    total += range.length;
  }
  assert.equal(total, rows * 4096);
});

Deno.test("where the writer did not count its records, whole ones are shown and a piece is told of", async () => {
  const { length } = twoRecords(0).file(0);
  const sized = (end: number) => twoRecords(0xffffffff).file(end - length);
  const whole = await openBytes(sized(128 + 3 * 8));
  assert.deepEqual((await arrayNode(whole, "bcde")).metadata.shape, [3]);
  assert.deepEqual(await whole.doubts!(), []);
  const piece = await openBytes(sized(128 + 3 * 8 + 5));
  assert.deepEqual((await arrayNode(piece, "bcde")).metadata.shape, [3]);
  assert.match((await piece.doubts!())[0], /the 5 bytes behind the last whole one/);
  const none = await openBytes(sized(128));
  assert.deepEqual((await arrayNode(none, "bcde")).metadata.shape, [0]);
});

Deno.test("a file cut short is refused, wherever it is cut", async () => {
  for (const name of Object.keys(EXPECTED)) {
    const bytes = await Deno.readFile(new URL(name, FILES));
    // the last bytes may only fill up a record
    for (let length = 4; length < bytes.length - 3; length += 7) {
      await assert.rejects(
        openBytes(bytes.slice(0, length)),
        (fault) => fault instanceof IndexError && /cut short|leads outside/.test(fault.message),
        `${name} ${length}`,
      );
    }
  }
});

const head = () => new HeaderBytes();
const REFUSED: ReadonlyArray<readonly [what: string, file: Uint8Array, message: RegExp]> = [
  [
    "two variables in one place",
    head().u32(0, 10, 1).name("x").u32(2, 0, 0, 11, 2)
      .name("a").u32(1, 0, 0, 0, 4, 8, 120).name("b").u32(1, 0, 0, 0, 4, 8, 124).file(100),
    /lie in each other/,
  ],
  [
    "a variable in the header",
    head().u32(0, 10, 1).name("x").u32(2, 0, 0, 11, 1).name("a").u32(1, 0, 0, 0, 4, 8, 8).file(64),
    /in its header/,
  ],
  [
    "records that are not the first dimension",
    head().u32(1, 10, 2).name("x").u32(2).name("t").u32(0).u32(0, 0, 11, 1)
      .name("a").u32(2, 0, 1, 0, 0, 4, 8, 120).file(100),
    /not its first dimension/,
  ],
  [
    "a dimension that is not there",
    head().u32(0, 0, 0, 0, 0, 11, 1).name("a").u32(1, 7, 0, 0, 4, 8, 100).file(100),
    /not there/,
  ],
  [
    "a type of CDF-5 in CDF-1",
    head().u32(0, 0, 0, 0, 0, 11, 1).name("a").u32(0, 0, 0, 10, 8, 100).file(100),
    /type 10 is not known/,
  ],
  [
    "two variables of one name",
    head().u32(0, 0, 0, 0, 0, 11, 2)
      .name("a").u32(0, 0, 0, 4, 4, 100).name("a").u32(0, 0, 0, 4, 4, 104).file(100),
    /one name/,
  ],
  ["a name with a slash", head().u32(0, 10, 1).name("a/b").u32(2, 0, 0, 0, 0).file(9), /no name/],
  ["a list of something else", head().u32(0, 11, 1).file(100), /has the tag 11/],
  ["more than there can be", head().u32(0, 10, 0x7fffffff).file(100), /variables, dimensions/],
];
for (const [what, file, message] of REFUSED) {
  Deno.test(`refused: ${what}`, async () => {
    await assert.rejects(openBytes(file), (fault) => {
      assert.ok(fault instanceof IndexError, `${fault}`);
      assert.match(fault.message, message);
      return true;
    });
  });
}

Deno.test("a file that has grown is another one when it is refreshed", async () => {
  const files = memoryOrigin({ [PLACE.href]: twoRecords(1).file(100) });
  const manifest = await netcdf3.open(PLACE, files.origin, openOptions());
  assert.equal(await manifest.refresh(), manifest);
  files.files.set(PLACE.href, twoRecords(2).file(100));
  const next = await manifest.refresh();
  assert.notEqual(next.version, manifest.version);
  assert.deepEqual((await arrayNode(next, "a")).metadata.shape, [2]);
});
