import assert from "node:assert/strict";
import { openManifest } from "../../../manifests/mod.ts";
import { IndexError, OriginError, SluiceError } from "../../../src/errors.ts";
import type { Manifest } from "../../../src/manifest.ts";
import type { Origin } from "../../../src/origin/origin.ts";
import {
  CONFORMANCE_ARRAYS,
  type ExpectedArray,
  type ExpectedRef,
  manifestConformance,
  plainRef,
  zarrayOf,
} from "../../conformance/manifest.ts";
import { type MemoryOrigin, memoryOrigin, openOptions } from "../memory_origin.ts";
import {
  parquetSet,
  partitionFile,
  type PartitionOptions,
  type PartitionRow,
} from "../parquet_set.ts";

const ROOT = "https://host/sets/refs.parq/";

function rowOf(expected: ExpectedRef | undefined): PartitionRow {
  if (!expected) return undefined;
  if (expected.kind === "inline") return { raw: new Uint8Array(expected.bytes) };
  const path = decodeURIComponent(expected.url);
  return expected.kind === "object"
    ? { path }
    : { path, offset: expected.offset, size: expected.length };
}

/** The rows of an array in the order of its grid. */
function rowsOf({ shape, chunks, refs }: ExpectedArray): PartitionRow[] {
  if (shape.length === 0) return [rowOf(refs[""])];
  let coords: string[] = [""];
  for (const [i, length] of shape.entries()) {
    const count = Math.ceil(length / chunks[i]);
    coords = coords.flatMap((prefix) =>
      Array.from({ length: count }, (_, n) => prefix === "" ? `${n}` : `${prefix}.${n}`)
    );
  }
  return coords.map((key) => rowOf(refs[key]));
}

function conformanceSet(recordSize: number, options?: PartitionOptions): MemoryOrigin {
  const metadata: Record<string, unknown> = { ".zgroup": { zarr_format: 2 } };
  const arrays: Record<string, PartitionRow[]> = {};
  for (const array of CONFORMANCE_ARRAYS) {
    metadata[`${array.path}/.zarray`] = zarrayOf(array);
    arrays[array.path] = rowsOf(array);
  }
  return memoryOrigin(parquetSet(ROOT, recordSize, metadata, arrays, options));
}

for (
  const [name, recordSize, options] of [
    ["one partition an array", 100, {}],
    ["two rows a partition", 2, { codec: "SNAPPY" }],
    ["one row a partition", 1, { codec: "UNCOMPRESSED" }],
    ["several pages", 50, { pageSize: 16 }],
    ["several row groups", 50, { rowGroupSize: 3 }],
  ] as Array<[string, number, PartitionOptions]>
) {
  manifestConformance(`kerchunk Parquet, ${name}`, async () => {
    const { origin } = conformanceSet(recordSize, options);
    const failing = conformanceSet(recordSize, options);
    const unreachable = await openManifest(new URL(ROOT), failing.origin, openOptions());
    for (const url of failing.files.keys()) {
      failing.faults.set(url, new OriginError("origin-unavailable", "down", { originStatus: 503 }));
    }
    for (let i = 0; i < 6; i++) {
      failing.faults.set(
        `${ROOT}temp/refs.${i}.parq`,
        new OriginError("origin-unavailable", "down", { originStatus: 503 }),
      );
    }
    return { manifest: await openManifest(new URL(ROOT), origin, openOptions()), unreachable };
  }, { readsLater: true });
}

/** A set of one array `a` with so many chunks. */
function single(
  chunks: number,
  recordSize: number,
  files: Record<string, Uint8Array | string>,
): MemoryOrigin {
  const zarray = zarrayOf({ path: "a", shape: [chunks], chunks: [1], refs: {} });
  return memoryOrigin({
    [`${ROOT}.zmetadata`]: JSON.stringify({
      metadata: { ".zgroup": { zarr_format: 2 }, "a/.zarray": zarray },
      record_size: recordSize,
    }),
    ...Object.fromEntries(
      Object.entries(files).map(([name, content]) => [`${ROOT}${name}`, content]),
    ),
  });
}

async function refs(manifest: Manifest, count: number): Promise<unknown[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => plainRef(await manifest.chunk("a", [i]))),
  );
}

const range = (offset: number, length: number, name = "k") => ({
  kind: "range",
  url: `s3://b/${name}`,
  offset,
  length,
});

Deno.test("a chunk costs .zmetadata and its one partition, once, however many ask", async () => {
  const rows = (base: number) =>
    Array.from({ length: 4 }, (_, i) => ({ path: "s3://b/k", offset: base + i, size: 1 }));
  const { origin, asked } = single(10, 4, {
    "a/refs.0.parq": partitionFile(rows(100)),
    "a/refs.1.parq": partitionFile(rows(200)),
  });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  await Promise.all(Array.from({ length: 30 }, (_, i) => manifest.chunk("a", [4 + i % 4])));
  assert.deepEqual(asked, [`read ${ROOT}.zmetadata`, `read ${ROOT}a/refs.1.parq`]);
  // a partition that is not there is asked for once, and nothing outside the grid is
  assert.deepEqual((await refs(manifest, 10)).slice(8), [undefined, undefined]);
  await refs(manifest, 10);
  await manifest.chunk("a", [10]);
  assert.deepEqual(asked.slice(2), [`read ${ROOT}a/refs.0.parq`, `304 ${ROOT}.zmetadata`]);
  assert.deepEqual(plainRef(await manifest.chunk("a", [5])), range(201, 1));
});

Deno.test("a folder with or without its slash, or its .zmetadata, is the same set", async () => {
  for (const url of [ROOT, ROOT.slice(0, -1), "https://host/sets/refs.parq"]) {
    const { origin, asked } = conformanceSet(10);
    const manifest = await openManifest(new URL(url), origin, openOptions());
    assert.deepEqual(await manifest.children("deep"), ["er", "scalar"]);
    assert.deepEqual(asked, [`read ${ROOT}.zmetadata`]);
  }
});

Deno.test("any columns may be missing", async () => {
  const place = { path: "s3://b/k", offset: 5, size: 6 };
  const raw = { raw: new Uint8Array([7, 8]) };
  const cases: Array<[PartitionOptions["columns"], PartitionRow, unknown]> = [
    [["path", "offset", "size"], place, range(5, 6)],
    [["size", "path", "offset"], place, range(5, 6)],
    [["raw"], raw, { kind: "inline", bytes: [7, 8] }],
    [["path"], place, { kind: "object", url: "s3://b/k" }],
    [["raw", "size", "offset", "path"], raw, { kind: "inline", bytes: [7, 8] }],
  ];
  for (const [columns, row, expected] of cases) {
    const { origin } = single(2, 10, {
      "a/refs.0.parq": partitionFile([row, undefined], { columns }),
    });
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    const first = plainRef(await manifest.chunk("a", [0]));
    assert.deepEqual(first, expected, `${columns}`);
    const second = await manifest.chunk("a", [1]);
    assert.equal(second, undefined, `${columns}`);
  }
});

Deno.test("raw comes before path; size 0 is the whole file at 0 and absent elsewhere", async () => {
  const rows: PartitionRow[] = [
    { path: "s3://b/k", offset: 0, size: 0 },
    { path: "s3://b/k", offset: 9, size: 0 },
    { path: null, offset: 0, size: 0 },
    { path: "", offset: 0, size: 0 },
    { path: "s3://b/k", offset: 0, size: 4 },
    { raw: new Uint8Array(0) },
    { raw: new TextEncoder().encode("base64:AQI=") },
  ];
  const { origin } = single(9, 100, { "a/refs.0.parq": partitionFile(rows) });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  assert.deepEqual(await refs(manifest, 9), [
    { kind: "object", url: "s3://b/k" },
    undefined,
    undefined,
    undefined,
    range(0, 4),
    { kind: "inline", bytes: [] },
    { kind: "inline", bytes: [1, 2] },
    undefined, // fewer rows than chunks
    undefined,
  ]);
});

Deno.test("a row with a place and no path is a fault of the index, and closes its chunk alone", async () => {
  const rows: PartitionRow[] = [
    { path: null, offset: 9, size: 9 },
    { path: "", offset: 0, size: 9 },
    { path: null, offset: 9, size: 0 },
    { path: null, offset: 2n ** 60n, size: 0 },
    { path: "s3://b/k", offset: 5, size: 6 },
  ];
  for (const columns of [undefined, ["offset", "size"] as const]) {
    const { origin } = single(5, 5, { "a/refs.0.parq": partitionFile(rows, { columns }) });
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    for (const i of [0, 1, 2, 3]) {
      await assert.rejects(manifest.chunk("a", [i]), { code: "index-invalid" }, `${i}`);
    }
    if (!columns) assert.deepEqual(plainRef(await manifest.chunk("a", [4])), range(5, 6));
  }
});

Deno.test("a row with a path, and null as offset and size, is a whole file", async () => {
  const rows: PartitionRow[] = [
    { path: "s3://b/k", offset: null, size: null },
    { path: "s3://b/k", offset: 5, size: 6 },
    { path: null, offset: null, size: null },
    undefined,
  ];
  const { origin } = single(4, 4, { "a/refs.0.parq": partitionFile(rows, { nullable: true }) });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  assert.deepEqual(await refs(manifest, 4), [
    { kind: "object", url: "s3://b/k" },
    range(5, 6),
    undefined,
    undefined,
  ]);
  for (const half of [{ offset: null, size: 5 }, { offset: 5, size: null }]) {
    const file = partitionFile([{ path: "s3://b/k", ...half }], { nullable: true });
    const { origin } = single(1, 1, { "a/refs.0.parq": file });
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    await assert.rejects(manifest.chunk("a", [0]), { code: "index-invalid" });
  }
});

Deno.test("figures are exact to 2⁵³ and refused beyond", async () => {
  const exact: Array<[number, number]> = [
    [2 ** 31 - 1, 2 ** 31],
    [2 ** 31, 1],
    [2 ** 32 - 1, 2 ** 32 - 1],
    [2 ** 32, 2 ** 32],
    [2 ** 52 + 1, 3],
    [2 ** 53 - 2, 1],
    [0, 2 ** 53 - 1],
  ];
  const rows = exact.map(([offset, size]) => ({ path: "s3://b/k", offset, size }));
  const { origin } = single(7, 7, { "a/refs.0.parq": partitionFile(rows) });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  assert.deepEqual(await refs(manifest, 7), exact.map(([offset, size]) => range(offset, size)));

  const wrong: Array<[bigint, bigint]> = [
    [2n ** 53n, 1n],
    [2n ** 53n - 1n, 1n],
    [2n ** 63n - 1n, 1n],
    [-1n, 1n],
    [1n, -1n],
    [-(2n ** 63n), 1n],
  ];
  for (const [offset, size] of wrong) {
    const file = partitionFile([{ path: "s3://b/k", offset, size }]);
    const { origin } = single(1, 1, { "a/refs.0.parq": file });
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    await assert.rejects(manifest.chunk("a", [0]), { code: "index-invalid" }, `${offset} ${size}`);
  }
});

Deno.test("relative paths are relative to what the folder is in, as for JSON beside it", async () => {
  const rows = [{ path: "data/a b.nc", offset: 1, size: 1 }, {
    path: "/abs.nc",
    offset: 1,
    size: 1,
  }];
  const { origin } = single(2, 2, { "a/refs.0.parq": partitionFile(rows) });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  const urls = (await refs(manifest, 2) as Array<{ url: string }>).map(({ url }) => url);
  assert.deepEqual(urls, ["https://host/sets/data/a%20b.nc", "file:///abs.nc"]);
});

Deno.test("a relative path is looked for beside the set, beside the partition, and in the set's folder", async () => {
  const rows = [{ path: "data/x.nc", offset: 1, size: 1 }, { path: "y.nc", offset: 1, size: 1 }];
  const places = ["https://host/sets/", `${ROOT}a/`, ROOT];
  for (const [i, place] of places.entries()) {
    // a later place may have the file too
    const files = Object.fromEntries(places.slice(i).map((each) => [`${each}data/x.nc`, "x"]));
    const set = single(3, 3, { "a/refs.0.parq": partitionFile([...rows, rows[0]]) });
    for (const [url, content] of Object.entries(files)) {
      set.files.set(url, new TextEncoder().encode(content));
    }
    const manifest = await openManifest(new URL(ROOT), set.origin, openOptions());
    const urls = (await refs(manifest, 3) as Array<{ url: string }>).map(({ url }) => url);
    assert.equal(urls[0], `${place}data/x.nc`);
    assert.equal(urls[2], urls[0]);
    const heads = set.asked.filter((line) => line.startsWith("head")).length;
    assert.equal(plainRef(await manifest.chunk("a", [1]))?.kind, "range");
    assert.equal(set.asked.filter((line) => line.startsWith("head")).length, heads, "it is known");
    for await (const table of manifest.refs("a")) {
      assert.deepEqual(table.urls, [`${place}data/x.nc`, `${place}y.nc`]);
    }
  }
  // what cannot be told is not guessed
  const { origin, faults } = single(1, 1, { "a/refs.0.parq": partitionFile(rows.slice(0, 1)) });
  const fault = new OriginError("origin-unavailable", "down", { originStatus: 503 });
  faults.set("https://host/sets/data/x.nc", fault);
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  await assert.rejects(manifest.chunk("a", [0]), fault);
});

Deno.test("only the origin's own 404 makes a partition absent", async () => {
  for (const originStatus of [401, 403, 416, 429, 500, undefined]) {
    const { origin, faults } = single(1, 1, {});
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    const fault = new OriginError("reference-unreachable", "no", { originStatus });
    faults.set(`${ROOT}a/refs.0.parq`, fault);
    await assert.rejects(manifest.chunk("a", [0]), fault);
    faults.clear();
    assert.equal(await manifest.chunk("a", [0]), undefined, "the failure is not remembered");
  }
});

Deno.test("refresh() looks at used partitions, and a change in one of them makes another manifest", async () => {
  const first = partitionFile([{ path: "s3://b/k", offset: 1, size: 1 }]);
  const second = partitionFile([{ path: "s3://b/k", offset: 2, size: 2 }]);
  const { origin, asked, files } = single(4, 1, { "a/refs.0.parq": first, "a/refs.1.parq": first });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  await refs(manifest, 3);
  files.set(`${ROOT}a/refs.1.parq`, second);
  files.set(`${ROOT}a/refs.2.parq`, second);
  assert.deepEqual(await refs(manifest, 3), [range(1, 1), range(1, 1), undefined]);
  asked.length = 0;
  const next = await manifest.refresh();
  assert.notEqual(next, manifest);
  assert.notEqual(next.version, manifest.version, "chunks of other files must not share its epoch");
  await Promise.all([refs(next, 3), refs(next, 3)]);
  assert.deepEqual(await refs(next, 3), [range(1, 1), range(2, 2), range(2, 2)]);
  assert.deepEqual(asked.filter((line) => line.startsWith("304")).sort(), [
    `304 ${ROOT}.zmetadata`,
    `304 ${ROOT}a/refs.0.parq`,
  ]);
  assert.equal(await next.refresh(), next, "nothing has changed since");
  assert.deepEqual([...first.subarray(0, 4)], [80, 65, 82, 49], "a fixture that was not given up");

  // the old one, still in flight, keeps what it has used and takes nothing newer
  assert.deepEqual(plainRef(await manifest.chunk("a", [0])), range(1, 1));
  for (const i of [1, 2, 3]) {
    await assert.rejects(manifest.chunk("a", [i]), { code: "source-changed" }, `${i}`);
  }
});

Deno.test("a partition that was there and is not is a fault until .zmetadata is another", async () => {
  const file = partitionFile([{ path: "s3://b/k", offset: 1, size: 1 }]);
  const { origin, files } = single(3, 1, { "a/refs.0.parq": file, "a/refs.1.parq": file });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  await refs(manifest, 1);
  const zmetadata = files.get(`${ROOT}.zmetadata`) as Uint8Array;
  files.delete(`${ROOT}a/refs.0.parq`);
  const next = await manifest.refresh();
  for (let i = 0; i < 2; i++) {
    await assert.rejects(next.chunk("a", [0]), { code: "source-changed" });
  }
  files.delete(`${ROOT}.zmetadata`);
  await assert.rejects(
    next.chunk("a", [2]),
    { code: "source-changed" },
    "the set is being written",
  );
  files.set(
    `${ROOT}.zmetadata`,
    new TextEncoder().encode(`${new TextDecoder().decode(zmetadata)} `),
  );
  await assert.rejects(next.chunk("a", [2]), { code: "source-changed" }, "the set was written");
  const last = await next.refresh();
  assert.deepEqual(await refs(last, 3), [undefined, range(1, 1), undefined]);
});

Deno.test("a partition that was written after .zmetadata is taken only if that is still the same", async () => {
  const file = partitionFile([{ path: "s3://b/k", offset: 1, size: 1 }]);
  const set = single(2, 1, { "a/refs.0.parq": file, "a/refs.1.parq": file });
  const dated: Origin = {
    ...set.origin,
    async read(file, range, options) {
      const body = await set.origin.read(file, range, options);
      const lastModified = file.url.pathname.endsWith(".parq") ? 2000 : 1000;
      return Object.assign(body, { validator: { ...body.validator, lastModified } });
    },
  };
  const manifest = await openManifest(new URL(ROOT), dated, openOptions());
  assert.deepEqual(plainRef(await manifest.chunk("a", [0])), range(1, 1));
  const text = new TextDecoder().decode(set.files.get(`${ROOT}.zmetadata`));
  const rewritten = text.replace('"shape":[2]', '"shape":[1]');
  set.files.set(`${ROOT}.zmetadata`, new TextEncoder().encode(rewritten));
  await assert.rejects(manifest.chunk("a", [1]), { code: "source-changed" });
});

Deno.test("refresh() gives another manifest for another .zmetadata, with what is still good", async () => {
  const file = partitionFile([{ path: "s3://b/k", offset: 1, size: 1 }]);
  const { origin, asked, files } = single(1, 1, { "a/refs.0.parq": file });
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  await refs(manifest, 1);
  const text = new TextDecoder().decode(files.get(`${ROOT}.zmetadata`));
  files.set(
    `${ROOT}.zmetadata`,
    new TextEncoder().encode(text.replace('"shape":[1]', '"shape":[2]')),
  );
  asked.length = 0;
  const next = await manifest.refresh();
  assert.notEqual(next, manifest);
  assert.notEqual(next.version, manifest.version);
  assert.deepEqual(await refs(next, 2), [range(1, 1), undefined]);
  assert.deepEqual(asked, [
    `read ${ROOT}.zmetadata`,
    `304 ${ROOT}a/refs.0.parq`,
    `304 ${ROOT}.zmetadata`, // is the set still whole, of which a partition is missing?
  ]);
});

Deno.test("a set over many partitions stays within the cache", async () => {
  const rows = (p: number) =>
    Array.from({ length: 1000 }, (_, i) => ({
      path: `s3://b/${p}`,
      offset: i * 100_000,
      size: 50_000 + (i * 7919) % 50_000,
    }));
  const files: Record<string, Uint8Array> = {};
  for (let p = 0; p < 40; p++) files[`a/refs.${p}.parq`] = partitionFile(rows(p));
  const { origin, asked } = single(40_000, 1000, files);
  const options = openOptions(80_000);
  const manifest = await openManifest(new URL(ROOT), origin, {
    ...options,
    maxIndexBytes: 1 << 20,
  });
  for (const [p, i] of [[0, 0], [39, 999], [7, 500], [0, 999]]) {
    const ref = plainRef(await manifest.chunk("a", [p * 1000 + i]));
    assert.deepEqual(ref, range(i * 100_000, 50_000 + (i * 7919) % 50_000, `${p}`));
  }
  for (let n = 0; n < 40_000; n += 1000) await manifest.chunk("a", [n]);
  assert.ok(options.cache.bytes <= 80_000, `${options.cache.bytes} bytes`);
  assert.ok(asked.length > 41, "what was dropped is read again");
});

Deno.test("what is wrong with a set is said", async () => {
  const metadata = (document: unknown) =>
    memoryOrigin({ [`${ROOT}.zmetadata`]: JSON.stringify(document) });
  const none = { metadata: {} };
  for (const recordSize of [undefined, 0, -1, 1.5, "4", null, 2 ** 60]) {
    const { origin } = metadata({ ...none, record_size: recordSize });
    await assert.rejects(
      openManifest(new URL(ROOT), origin, openOptions()),
      (fault: unknown) => fault instanceof IndexError && /record_size/.test(fault.message),
    );
  }
  for (const text of ["", "[]", "{", '{"record_size": 4}', '{"record_size": 4, "metadata": []}']) {
    const { origin } = memoryOrigin({ [`${ROOT}.zmetadata`]: text });
    await assert.rejects(openManifest(new URL(ROOT), origin, openOptions()), IndexError, text);
  }
  const { origin } = memoryOrigin({});
  await assert.rejects(openManifest(new URL(ROOT), origin, openOptions()), OriginError);
});

Deno.test("a name that leads out of the folder is refused", async () => {
  const zarray = zarrayOf({ path: "", shape: [1], chunks: [1], refs: {} });
  for (const name of ["../../x", "a/../b", "..", "."]) {
    const { origin, asked } = memoryOrigin({
      [`${ROOT}.zmetadata`]: JSON.stringify({
        metadata: { [`${name}/.zarray`]: zarray },
        record_size: 1,
      }),
    });
    await assert.rejects(openManifest(new URL(ROOT), origin, openOptions()), IndexError, name);
    assert.equal(asked.length, 1);
  }
});

Deno.test("a broken partition is a fault of the index, and never a crash", async () => {
  const good = partitionFile(
    Array.from({ length: 50 }, (_, i) => ({ path: `s3://b/${i % 3}`, offset: i, size: 1 })),
    { pageSize: 64 },
  );
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % below;
  };
  const broken = [new Uint8Array(0), new Uint8Array(3), good.subarray(0, good.length - 9)];
  for (let i = 0; i < 300; i++) {
    const bytes = good.slice();
    for (let k = 0; k <= random(4); k++) bytes[random(bytes.length)] = random(256);
    broken.push(bytes);
  }
  let faults = 0;
  for (const bytes of broken) {
    const { origin } = single(50, 50, { "a/refs.0.parq": bytes });
    const manifest = await openManifest(new URL(ROOT), origin, openOptions(1 << 20));
    try {
      await manifest.chunk("a", [7]);
    } catch (fault) {
      faults++;
      assert.ok(fault instanceof SluiceError, `${fault}`);
      assert.match(fault.code, /^index-(invalid|too-large)$/);
    }
  }
  assert.ok(faults > 100, `${faults} faults`);
});

Deno.test("a partition over the cap is refused with what helps", async () => {
  const rows = Array.from(
    { length: 3000 },
    (_, i) => ({ path: `s3://b/${i}`, offset: i, size: 1 }),
  );
  const { origin } = single(3000, 3000, { "a/refs.0.parq": partitionFile(rows) });
  for (const cap of [4096, 20_000, 60_000]) {
    const manifest = await openManifest(new URL(ROOT), origin, openOptions(cap));
    await assert.rejects(manifest.chunk("a", [0]), {
      code: "index-too-large",
      message: cap === 4096 ? /record_size/ : /record_size|held/,
    });
  }
});

Deno.test("the samples' Parquet, written by fsspec, has the references of the samples' JSON", async () => {
  const samples = new URL("../../../samples/", import.meta.url);
  const files: Record<string, Uint8Array> = {};
  for (const name of ["ocean.json", "ocean.parq/.zmetadata"]) {
    files[`https://h/${name}`] = await Deno.readFile(new URL(name, samples));
  }
  for (const array of ["depth", "latitude", "longitude", "thetao", "time", "uo"]) {
    for await (const { name } of Deno.readDir(new URL(`ocean.parq/${array}/`, samples))) {
      const path = `ocean.parq/${array}/${name}`;
      files[`https://h/${path}`] = await Deno.readFile(new URL(path, samples));
    }
  }
  const { origin } = memoryOrigin(files);
  const json = await openManifest(new URL("https://h/ocean.json"), origin, openOptions());
  const parquet = await openManifest(new URL("https://h/ocean.parq/"), origin, openOptions());
  let chunks = 0;
  for (const name of await json.children("")) {
    for await (const { rows, coords } of json.refs(name)) {
      const rank = coords.length / rows;
      for (let row = 0; row < rows; row++) {
        const at = [...coords.subarray(row * rank, row * rank + rank)];
        assert.deepEqual(
          plainRef(await parquet.chunk(name, at)),
          plainRef(await json.chunk(name, at)),
        );
        chunks++;
      }
    }
    let rows = 0;
    for await (const table of parquet.refs(name)) rows += table.rows;
    let expected = 0;
    for await (const table of json.refs(name)) expected += table.rows;
    assert.equal(rows, expected, name);
  }
  assert.ok(chunks > 200);
});

Deno.test("a partition that cannot be used is read once, not for every chunk", async () => {
  const rows = Array.from(
    { length: 3000 },
    (_, i) => ({ path: `s3://b/${i}`, offset: i, size: 1 }),
  );
  const heavy = partitionFile(rows);
  const cases: Array<[Uint8Array, number, string]> = [
    [heavy, 4096, "index-too-large"], // the file itself
    [heavy, 60_000, "index-too-large"], // what would be held of it
    [new Uint8Array(100), 1 << 20, "index-invalid"],
  ];
  for (const [file, cap, code] of cases) {
    const { origin, asked, files } = single(3000, 3000, { "a/refs.0.parq": file });
    const manifest = await openManifest(new URL(ROOT), origin, openOptions(cap));
    for (let i = 0; i < 3; i++) await assert.rejects(manifest.chunk("a", [i]), { code });
    assert.equal(asked.filter((line) => line.includes("refs.0")).length, 1, `${cap}`);
    files.set(`${ROOT}a/refs.0.parq`, partitionFile(rows.slice(0, 3)));
    const next = await manifest.refresh();
    assert.deepEqual(plainRef(await next.chunk("a", [1])), range(1, 1, "1"), "mended");
  }
});

Deno.test("who leaves does not wait for a partition, and does not end the read of others", async () => {
  const file = partitionFile([{ path: "s3://b/k", offset: 1, size: 1 }]);
  const set = single(1, 1, { "a/refs.0.parq": file });
  let goOn = () => {};
  const slow = new Promise<void>((resolve) => goOn = resolve);
  const origin: Origin = {
    ...set.origin,
    async read(file, range, options) {
      if (file.url.pathname.endsWith(".parq")) await slow;
      return await set.origin.read(file, range, options);
    },
  };
  const manifest = await openManifest(new URL(ROOT), origin, openOptions());
  const controller = new AbortController();
  const left = manifest.chunk("a", [0], controller.signal);
  const stayed = manifest.chunk("a", [0]);
  controller.abort();
  await assert.rejects(left, OriginError);
  await assert.rejects(manifest.chunk("a", [0], controller.signal), OriginError);
  goOn();
  assert.deepEqual(plainRef(await stayed), range(1, 1));
  assert.equal(set.asked.filter((line) => line.includes("refs.0")).length, 1);
});
