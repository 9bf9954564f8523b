import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  readReferences,
  type ReferenceFile,
} from "../../../manifests/kerchunk/reference_reader.ts";
import { openManifest } from "../../../manifests/mod.ts";
import { IndexError, SluiceError } from "../../../src/errors.ts";
import { type Manifest, ROW_KIND } from "../../../src/manifest.ts";
import {
  CONFORMANCE_ARRAYS,
  type ExpectedRef,
  manifestConformance,
  plainRef,
  zarrayOf,
} from "../../conformance/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const URL_ = "https://host/sets/refs.json";

/** Opens a set, given as a value or as JSON text. */
async function open(set: unknown, maxIndexBytes?: number, url = URL_): Promise<Manifest> {
  const content = typeof set === "string" || set instanceof Uint8Array ? set : JSON.stringify(set);
  const { origin } = memoryOrigin({ [url]: content });
  return await openManifest(new URL(url), origin, openOptions(maxIndexBytes));
}

const GROUP = { ".zgroup": '{"zarr_format":2}' };

function zarray(shape: number[], chunks: number[], more = {}): string {
  return JSON.stringify({
    ...zarrayOf({ path: "", shape, chunks, refs: {} }),
    ...more,
  });
}

async function ref(manifest: Manifest, path: string, ...coords: number[]) {
  return plainRef(await manifest.chunk(path, coords));
}

/** What a key of the set says of a reference. */
function valueOf(expected: ExpectedRef): unknown {
  if (expected.kind === "inline") return `base64:${new Uint8Array(expected.bytes).toBase64()}`;
  const url = decodeURIComponent(expected.url);
  return expected.kind === "object" ? [url] : [url, expected.offset, expected.length];
}

function conformanceRefs(separator: "." | "/"): Record<string, unknown> {
  const refs: Record<string, unknown> = { ...GROUP };
  for (const array of CONFORMANCE_ARRAYS) {
    refs[`${array.path}/.zarray`] = JSON.stringify({
      ...zarrayOf(array),
      dimension_separator: separator,
    });
    for (const [coords, expected] of Object.entries(array.refs)) {
      const key = coords === "" ? "0" : coords.replaceAll(".", separator);
      refs[`${array.path}/${key}`] = valueOf(expected);
    }
  }
  return refs;
}

function v3ConformanceRefs(): Record<string, unknown> {
  const refs: Record<string, unknown> = {
    "zarr.json": { zarr_format: 3, node_type: "group", attributes: {} },
  };
  for (const path of ["deep", "deep/er"]) refs[`${path}/zarr.json`] = refs["zarr.json"];
  for (const array of CONFORMANCE_ARRAYS) {
    refs[`${array.path}/zarr.json`] = {
      zarr_format: 3,
      node_type: "array",
      shape: array.shape,
      data_type: "int32",
      chunk_grid: { name: "regular", configuration: { chunk_shape: array.chunks } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: 0,
      codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      attributes: {},
    };
    for (const [coords, expected] of Object.entries(array.refs)) {
      const key = coords === "" ? "c" : `c/${coords.replaceAll(".", "/")}`;
      refs[`${array.path}/${key}`] = valueOf(expected);
    }
  }
  return refs;
}

const SPELLINGS: Array<[string, () => string | Uint8Array]> = [
  ["version 1", () => JSON.stringify({ version: 1, refs: conformanceRefs(".") })],
  ["version 0", () => JSON.stringify(conformanceRefs("."))],
  ['keys with "/"', () => JSON.stringify({ version: 1, refs: conformanceRefs("/") })],
  ["Zarr v3 keys", () => JSON.stringify({ version: 1, refs: v3ConformanceRefs() })],
  ["chunks before their metadata, refs before the version", () => {
    const refs = Object.fromEntries(Object.entries(conformanceRefs(".")).reverse());
    return JSON.stringify({ refs, templates: {}, version: 1 }, undefined, 2);
  }],
  ["gzip", () => gzipSync(JSON.stringify({ version: 1, refs: conformanceRefs(".") }))],
  ["Zstandard", () => zstdCompressSync(JSON.stringify({ version: 1, refs: conformanceRefs(".") }))],
];
for (const [name, write] of SPELLINGS) {
  manifestConformance(`kerchunk JSON, ${name}`, async () => ({ manifest: await open(write()) }));
}

Deno.test("a set is read in one request, and a name with .json needs no look before", async () => {
  const { origin, asked, files } = memoryOrigin({
    [URL_]: JSON.stringify({ version: 1, refs: conformanceRefs(".") }),
  });
  const manifest = await openManifest(new URL(URL_), origin, openOptions());
  await manifest.chunk("temp", [0, 0]);
  assert.deepEqual(asked, [`read ${URL_}`]);
  assert.equal(await manifest.refresh(), manifest);
  assert.deepEqual(asked, [`read ${URL_}`, `304 ${URL_}`]);

  files.set(URL_, (files.get(URL_) as Uint8Array).slice());
  assert.equal(await manifest.refresh(), manifest, "written again, the same bytes");
  assert.equal(await manifest.refresh(), manifest);
  assert.equal(asked.at(-1), `304 ${URL_}`, "its new entity tag is remembered");

  files.set(
    URL_,
    new TextEncoder().encode(JSON.stringify({ ...GROUP, "a/.zarray": zarray([1], [1]) })),
  );
  const next = await manifest.refresh();
  assert.notEqual(next, manifest);
  assert.notEqual(next.version, manifest.version);
  assert.deepEqual(await next.children(""), ["a"]);
});

Deno.test("templates fill in URLs, also where they come after the refs", async () => {
  const set = {
    refs: {
      ...GROUP,
      "a/.zarray": zarray([6], [1]),
      "a/0": ["{{u}}", 1, 2],
      "a/1": ["{{u}}/sub/{{ v }}.nc"],
      "a/2": ["s3://{{f(c='text', n=3)}}", 5, 6],
      "a/3": ["s3://plain/{x}/{y}", 7, 8],
      "a/4": ["{{u}}", 9, 10],
    },
    templates: { u: "s3://bucket/file.nc", v: "inner", f: "bkt/{{c}}_{{n * 2}}_{{ c }}.nc" },
    version: 1,
  };
  const manifest = await open(set);
  const expected: ExpectedRef[] = [
    { kind: "range", url: "s3://bucket/file.nc", offset: 1, length: 2 },
    { kind: "object", url: "s3://bucket/file.nc/sub/inner.nc" },
    { kind: "range", url: "s3://bkt/text_6_text.nc", offset: 5, length: 6 },
    { kind: "range", url: "s3://plain/%7Bx%7D/%7By%7D", offset: 7, length: 8 },
    { kind: "range", url: "s3://bucket/file.nc", offset: 9, length: 10 },
  ];
  for (const [i, each] of expected.entries()) {
    const found = await ref(manifest, "a", i);
    const url = found?.kind !== "inline"
      ? found?.url.replaceAll("{", "%7B").replaceAll("}", "%7D")
      : "";
    assert.deepEqual({ ...found, url }, each);
  }
});

Deno.test("gen makes the references of the specification's example", async () => {
  const set = {
    version: 1,
    templates: { u: "server.domain/path", f: "{{c}}" },
    gen: [
      {
        key: "a/{{i}}",
        url: "http://{{u}}_{{i}}",
        offset: "{{(i + 1) * 1000}}",
        length: "1000",
        dimensions: { i: { stop: 5 } },
      },
      {
        key: "b/{{x}}.{{y - 1}}",
        url: "http://{{f(c='host')}}/{{name}}{{x // 2}}{{x % 2}}",
        dimensions: { name: ["q"], x: [0, 3], y: { start: 1, stop: 3, step: 1 } },
      },
    ],
    refs: {
      ...GROUP,
      "a/.zarray": zarray([5], [1]),
      "b/.zarray": zarray([4, 2], [1, 1]),
      "a/0": ["http://other/", 1, 1],
    },
  };
  const manifest = await open(set);
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(await ref(manifest, "a", i), {
      kind: "range",
      url: `http://server.domain/path_${i}`,
      offset: (i + 1) * 1000,
      length: 1000,
    });
  }
  assert.deepEqual(await ref(manifest, "b", 3, 1), { kind: "object", url: "http://host/q11" });
  assert.equal(await ref(manifest, "b", 1, 1), undefined);
});

Deno.test("a value may be text, base64, an object or a reference, and the last one of a key counts", async () => {
  const text = `{"version": 1, "refs": {
    ".zgroup": {"zarr_format": 2}, ".zattrs": {"big": 18446744073709551615, "one": 1.0},
    "a/.zarray": ${JSON.stringify(JSON.parse(zarray([8], [1])))},
    "a/0": "1234", "a/1": "base64:AAH/", "a/2": "g\\u00e4\\n\\"",
    "a/3": ["s3://b/k", 1, 2], "a/3": ["s3://b/k", 3, 4],
    "a/4": ["s3://b/k", 5.0, 1e3], "a/5": "x", "a/5": [null],
    "a/6": ["s3://b/k", 7, 0], "a/7": [""]
  }}`;
  const manifest = await open(text);
  const bytes = (content: string) => ({
    kind: "inline",
    bytes: [...new TextEncoder().encode(content)],
  });
  assert.deepEqual(await ref(manifest, "a", 0), bytes("1234"));
  assert.deepEqual(await ref(manifest, "a", 1), { kind: "inline", bytes: [0, 1, 255] });
  assert.deepEqual(await ref(manifest, "a", 2), bytes('gä\n"'));
  assert.deepEqual(await ref(manifest, "a", 3), {
    kind: "range",
    url: "s3://b/k",
    offset: 3,
    length: 4,
  });
  assert.deepEqual(await ref(manifest, "a", 4), {
    kind: "range",
    url: "s3://b/k",
    offset: 5,
    length: 1000,
  });
  for (const absent of [5, 6, 7]) {
    assert.equal(await ref(manifest, "a", absent), undefined, `${absent}`);
  }
  const root = await manifest.node("");
  assert.ok(root?.source?.zarrFormat === 2);
  const zattrs = new TextDecoder().decode(root.source.zattrs);
  assert.equal(zattrs, '{"big": 18446744073709551615, "one": 1.0}', "as it is written");
});

Deno.test("a reference with a place and no URL is a fault of the index, and closes its chunk alone", async () => {
  const places = [[null, 0, 9], [null, 100, 50], [null, 5, 0], [null, 0, 0], ["", 0, 5]];
  const refs: Record<string, unknown> = { ...GROUP, "a/.zarray": zarray([6], [1]) };
  places.forEach((place, i) => refs[`a/${i}`] = place);
  const manifest = await open({ version: 1, refs: { ...refs, "a/5": ["s3://b/k", 1, 2] } });
  for (const i of places.keys()) {
    await assert.rejects(manifest.chunk("a", [i]), { code: "index-invalid" }, `${places[i]}`);
  }
  assert.equal((await ref(manifest, "a", 5))?.kind, "range");
  assert.deepEqual(await manifest.doubts?.(), ["/a: 5 references cannot be used (502)"]);
  let kinds: number[] = [];
  for await (const table of manifest.refs("a")) kinds = [...kinds, ...table.kinds];
  assert.deepEqual(kinds, [3, 3, 3, 3, 3, ROW_KIND.range], "check comes upon them");
});

Deno.test("[url, 0, 0] is an absent chunk only where the writer has found bytes of others", async () => {
  const manifest = await open({
    ...GROUP,
    "sparse/.zarray": zarray([4], [1]), // TIFF tiles
    "sparse/0": ["s3://b/k", 8, 2],
    "sparse/1": ["s3://b/k", 0, 0],
    "sparse/2": ["s3://b/k", 9, 0],
    "hdf4/.zarray": zarray([3, 3], [3, 3]), // linked blocks, which kerchunk does not follow
    "hdf4/0.0": ["s3://b/k", 0, 0],
    "none/.zarray": zarray([3], [1]),
    "none/0": ["s3://b/k", 0, 0],
    "none/1": ["s3://b/k", 7, 0],
  });
  assert.equal((await ref(manifest, "sparse", 0))?.kind, "range");
  for (const absent of [1, 2, 3]) assert.equal(await ref(manifest, "sparse", absent), undefined);
  await assert.rejects(manifest.chunk("hdf4", [0, 0]), {
    code: "index-invalid",
    message: /\[url, 0, 0\]/,
  });
  await assert.rejects(manifest.chunk("none", [0]), { code: "index-invalid" });
  assert.equal(await ref(manifest, "none", 1), undefined);
  const doubts = await manifest.doubts?.() ?? [];
  assert.match(
    doubts.join("\n"),
    /^\/sparse: 1 .*\(404\).*\n\/hdf4: 1 .*\(502\).*\n\/none: 1 .*\(502\)/,
  );
});

Deno.test("URLs are absolute, local, or relative to the set; odd names stay exact", async () => {
  const cases: Array<[text: string, base: string, href: string]> = [
    ["https://h/a%20b?x=1#f", URL_, "https://h/a%20b?x=1#f"],
    ["data/a.nc", URL_, "https://host/sets/data/a.nc"],
    ["../a.nc?sig=1", URL_, "https://host/a.nc?sig=1"],
    ["a b#1?%2.nc", "file:///sets/r.json", "file:///sets/a%20b%231%3F%252.nc"],
    ["a:b.nc", "file:///sets/r.json", "file:///sets/a:b.nc"],
    ["/data/x y.nc", URL_, "file:///data/x%20y.nc"],
    ["file:///data/x#y.nc", URL_, "file:///data/x%23y.nc"],
    ["s3://bucket/year=2020/a b+c,d.nc", URL_, "s3://bucket/year=2020/a%20b+c,d.nc"],
    ["s3://bucket//double//slash", URL_, "s3://bucket//double//slash"],
    ["s3://bucket/ key ", URL_, "s3://bucket/%20key%20"],
    ["gs://bucket/100%25", URL_, "gs://bucket/100%2525"],
    ["s3://bucket/grüße", URL_, "s3://bucket/gr%C3%BC%C3%9Fe"],
    [
      "abfs://container@account.dfs.core.windows.net/k",
      URL_,
      "abfs://container@account.dfs.core.windows.net/k",
    ],
  ];
  for (const [text, base, href] of cases) {
    const set = { ...GROUP, "a/.zarray": zarray([1], [1]), "a/0": [text, 1, 2] };
    const found = await ref(await open(set, undefined, base), "a", 0);
    assert.deepEqual(found, { kind: "range", url: href, offset: 1, length: 2 }, text);
  }
});

Deno.test("a URL that cannot be said closes its chunks alone", async () => {
  const manifest = await open({
    ...GROUP,
    "a/.zarray": zarray([3], [1]),
    "a/0": ["s3://bucket/a/../b", 1, 2],
    "a/1": ["s3://bucket/fine", 1, 2],
    "a/2": ["http://[bad/", 1, 2],
  });
  await assert.rejects(manifest.chunk("a", [0]), { code: "index-invalid" });
  await assert.rejects(manifest.chunk("a", [2]), { code: "index-invalid" });
  assert.equal((await ref(manifest, "a", 1))?.kind, "range");
});

Deno.test("arrays may be called by numbers, and c", async () => {
  const range = (offset: number) => ["s3://b/k", offset, 1];
  const manifest = await open({
    "0/.zarray": zarray([2, 2], [1, 1], { dimension_separator: "/" }),
    "0/1/0": range(10),
    "1/.zarray": zarray([2, 2], [1, 1]),
    "1/0.1": range(11),
    "g/2/3/.zarray": zarray([2], [1]),
    "g/2/3/1": range(12),
    "c/.zarray": zarray([2], [1]),
    "c/0": range(13),
    "2.5/.zarray": zarray([], []),
    "2.5/0": range(14),
    "c.1/.zarray": zarray([2, 2], [1, 1]),
    "c.1/1.1": range(15),
    "g/c/.zarray": zarray([], []),
    "g/c/0": range(16),
    "007/.zarray": zarray([2], [1]),
    "007/1": range(17),
  });
  const offset = async (path: string, ...coords: number[]) => {
    const found = await ref(manifest, path, ...coords);
    return found?.kind === "range" ? found.offset : undefined;
  };
  assert.equal(await offset("0", 1, 0), 10);
  assert.equal(await offset("1", 0, 1), 11);
  assert.equal(await offset("g/2/3", 1), 12);
  assert.equal(await offset("c", 0), 13);
  assert.equal(await offset("2.5"), 14);
  assert.equal(await offset("c.1", 1, 1), 15);
  assert.equal(await offset("g/c"), 16);
  assert.equal(await offset("007", 1), 17);
  assert.deepEqual(await manifest.children(""), ["0", "007", "1", "2.5", "c", "c.1", "g"]);
  assert.equal((await manifest.node(""))?.type, "group", "the root is implied");
});

Deno.test("keys that are no chunk of their array lead nowhere", async () => {
  const manifest = await open({
    ...GROUP,
    "a/.zarray": zarray([4, 4], [2, 2]),
    "a/0.0": ["s3://b/k", 1, 1],
    "a/2.0": ["s3://b/k", 666, 1],
    "a/0.2": ["s3://b/k", 666, 1],
    "a/1": ["s3://b/k", 666, 1],
    "a/0/1": ["s3://b/k", 666, 1],
    "a/00.1": ["s3://b/k", 666, 1],
    "a/0.1.0": ["s3://b/k", 666, 1],
    "a/4294967296.0": ["s3://b/k", 666, 1],
    "a/-1.0": ["s3://b/k", 666, 1],
    "a/1.": ["s3://b/k", 666, 1],
    "unknown/0.0": ["s3://b/k", 666, 1],
    "s/.zarray": zarray([], []),
    "s/1": ["s3://b/k", 666, 1],
    "s/0.0": ["s3://b/k", 666, 1],
  });
  let rows = 0;
  for await (const table of manifest.refs("a")) rows += table.rows;
  assert.equal(rows, 1);
  assert.equal((await ref(manifest, "a", 0, 0))?.kind, "range");
  for (const coords of [[0, 1], [1, 0], [1, 1]]) {
    assert.equal(await ref(manifest, "a", ...coords), undefined);
  }
  assert.equal(await ref(manifest, "s"), undefined);
});

Deno.test("a sparse array keeps its few chunks of a huge grid apart", async () => {
  const side = 2 ** 25;
  const refs: Record<string, unknown> = { ...GROUP, "a/.zarray": zarray([side, side], [1, 1]) };
  const chunks = [[0, 1], [side - 1, side - 1], [128, 0], [1, 0], [side - 1, 0], [0, side - 1]];
  for (const [i, coords] of chunks.entries()) refs[`a/${coords.join(".")}`] = ["s3://b/k", i, 1];
  const manifest = await open(refs);
  for (const [i, coords] of chunks.entries()) {
    const found = await ref(manifest, "a", ...coords);
    assert.deepEqual(found, { kind: "range", url: "s3://b/k", offset: i, length: 1 });
  }
  assert.equal(await ref(manifest, "a", 0, 0), undefined);
  assert.equal(await ref(manifest, "a", 129, 0), undefined);
});

Deno.test("a grid that cannot be counted exactly is refused, not wrapped", async () => {
  const manifest = await open({
    ...GROUP,
    "a/.zarray": zarray([2 ** 40, 2 ** 40], [1, 2 ** 20]),
    "a/1.1": ["s3://b/k", 1, 1],
    "b/.zarray": zarray([2], [1]),
    "b/1": ["s3://b/k", 1, 1],
  });
  await assert.rejects(manifest.chunk("a", [1, 1]), { code: "index-invalid" });
  assert.equal((await ref(manifest, "b", 1))?.kind, "range");
});

Deno.test("consolidated metadata counts where a key is missing", async () => {
  const manifest = await open({
    ".zmetadata": JSON.stringify({
      zarr_consolidated_format: 1,
      metadata: {
        ".zgroup": { zarr_format: 2 },
        "a/.zarray": JSON.parse(zarray([2], [1])),
        "b/.zarray": JSON.parse(zarray([9], [1])),
      },
    }),
    "b/.zarray": zarray([3], [1]),
    "a/1": ["s3://b/k", 1, 2],
  });
  const shape = async (path: string) => {
    const node = await manifest.node(path);
    return node?.type === "array" ? node.metadata.shape : undefined;
  };
  assert.deepEqual(await shape("a"), [2]);
  assert.deepEqual(await shape("b"), [3]);
  assert.equal((await ref(manifest, "a", 1))?.kind, "range");
});

Deno.test("a list of sets is groups by number, each with its own templates; a list of one is that one", async () => {
  const set = (name: string) => ({
    version: 1,
    templates: { u: `s3://b/${name}` },
    refs: { ...GROUP, "a/.zarray": zarray([1], [1]), "a/0": ["{{u}}", 1, 2] },
  });
  const many = await open([set("first"), set("second")]);
  assert.deepEqual(await many.children(""), ["0", "1"]);
  assert.equal((await many.node(""))?.type, "group");
  assert.deepEqual(await many.children("1"), ["a"]);
  for (const [i, name] of ["first", "second"].entries()) {
    const found = await ref(many, `${i}/a`, 0);
    assert.deepEqual(found, { kind: "range", url: `s3://b/${name}`, offset: 1, length: 2 });
  }
  assert.equal(await many.node("2"), undefined);
  assert.equal(await many.node("00"), undefined);
  assert.equal(await ref(many, "a", 0), undefined);
  assert.deepEqual(await (await open([set("only")])).children(""), ["a"]);
});

Deno.test("what is wrong with a set is said, with the key", async () => {
  const at = (value: unknown) => ({ ...GROUP, "a/.zarray": zarray([1], [1]), "a/0": value });
  const raw = (value: string) =>
    `{".zgroup": "{}", "a/.zarray": ${JSON.stringify(zarray([1], [1]))}, "a/0": ${value}}`;
  const cases: Array<[set: unknown, message: RegExp]> = [
    [at(["s3://b/k", -1, 5]), /"a\/0".*exact number of bytes/],
    [at(["s3://b/k", 1, -5]), /"a\/0"/],
    [at(["s3://b/k", 1.5, 5]), /"a\/0"/],
    [at(["s3://b/k", "1", 5]), /"a\/0"/],
    [at(["s3://b/k", null, 5]), /"a\/0"/],
    [at(["s3://b/k", 1, [5]]), /"a\/0"/],
    [raw('["s3://b/k", 9007199254740992, 5]'), /"a\/0"/],
    [raw('["s3://b/k", 9007199254740991, 5]'), /"a\/0".*2⁵³/],
    [raw('["s3://b/k", 18446744073709551615, 5]'), /"a\/0"/],
    [raw('["s3://b/k", NaN, 5]'), /"a\/0"/],
    [raw('["s3://b/k", 1e400, 5]'), /"a\/0"/],
    [raw('["s3://b/k", 4503599627370497.5, 5]'), /"a\/0"/],
    [at(["s3://b/k", 1]), /"a\/0".*\[url, offset, length\]/],
    [at(["s3://b/k", 1, 2, 3]), /"a\/0"/],
    [at([]), /"a\/0"/],
    [at([5]), /"a\/0"/],
    [at(5), /"a\/0"/],
    [at(null), /"a\/0"/],
    [at(true), /"a\/0"/],
    [at("base64:*"), /"a\/0".*base64/],
    [raw('"\\ud800"'), /Unicode/],
    ['{"version": 1, "refs": {"a/0": ["s3://b"', /ends in the middle/],
    ['{"version": 1, "refs": {".zgroup": "{}"}', /ends in the middle/],
    ['{".zgroup": "{}"} x', /JSON/],
    ['{".zgroup": "{}",}', /JSON/],
    ["nonsense", /JSON/],
    ["", /ends in the middle/],
    ["[]", /no Zarr metadata/],
    [{ version: 1, refs: {} }, /no Zarr metadata/],
    [{ version: 2, refs: GROUP }, /version 2/],
    [{ version: "1", refs: GROUP }, /version/],
    [{ version: 1, templates: { u: "{{u(" }, refs: GROUP }, /template/],
    [{ version: 1, templates: { u: "x" }, refs: { ...at(["{{nope}}"]) } }, /"nope"/],
    [{ version: 1, templates: ["u"], refs: GROUP }, /templates/],
    [{ version: 1, gen: {}, refs: GROUP }, /gen/],
    [new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]), /gzip/],
    [new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 255, 255, 255]), /Zstandard/],
    [gzipSync("{}").subarray(0, 20), /gzip/],
  ];
  for (const [set, message] of cases) {
    const shown = typeof set === "string" ? set : JSON.stringify(set);
    await assert.rejects(open(set), (fault: unknown) => {
      assert.ok(fault instanceof IndexError, `${shown}: ${fault}`);
      assert.equal(fault.code, "index-invalid", shown);
      assert.match(fault.message, message, shown);
      return true;
    });
  }
});

Deno.test("members that are not of the specification are passed over in version 1", async () => {
  const manifest = await open({
    "a/0": 5,
    creator: { name: ["x", 1, {}] },
    version: 1,
    refs: GROUP,
    n: [1, 2, 3, 4],
  });
  assert.equal((await manifest.node(""))?.type, "group");
});

Deno.test("broken metadata closes its own array alone", async () => {
  const manifest = await open({
    ...GROUP,
    "a/.zarray": "{broken",
    "a/0": ["s3://b/k", 1, 1],
    "b/.zarray": zarray([1], [1]),
    "b/0": ["s3://b/k", 1, 1],
    "r/.zarray": ["s3://b/zarray", 1, 10],
    "r/.zattrs": "{}",
  });
  await assert.rejects(manifest.node("a"), { code: "index-invalid" });
  await assert.rejects(manifest.chunk("a", [0]), { code: "index-invalid" });
  await assert.rejects(manifest.node("r"), { code: "index-invalid" });
  assert.equal((await ref(manifest, "b", 0))?.kind, "range");
});

Deno.test("an index over the cap is refused with the conversion that helps", async () => {
  const refs: Record<string, unknown> = { ...GROUP, "a/.zarray": zarray([60_000], [1]) };
  for (let i = 0; i < 60_000; i++) refs[`a/${i}`] = [`s3://bucket/${i}.nc`, 0, 100];
  const text = JSON.stringify({ version: 1, refs });
  assert.equal((await ref(await open(text), "a", 59_999))?.kind, "range");
  for (const cap of [1 << 20, 1 << 17]) {
    await assert.rejects(open(text, cap), (fault: unknown) => {
      assert.ok(fault instanceof SluiceError);
      assert.equal(fault.code, "index-too-large");
      assert.match(fault.message, /refs_to_dataframe/);
      return true;
    });
  }
  const padded = gzipSync(`{"version": 1, ${" ".repeat(40 << 20)} "refs": {}}`);
  await assert.rejects(open(padded, 1 << 20), { code: "index-too-large" });
  const inline = JSON.stringify({
    ...GROUP,
    "a/.zarray": zarray([1], [1]),
    "a/0": "x".repeat(2 << 20),
  });
  await assert.rejects(open(inline, 1 << 20), { code: "index-too-large" });
});

Deno.test("a gen that asks for too many references is refused before it makes any", async () => {
  const gen = [{
    key: "a/{{i}}.{{j}}",
    url: "s3://b/k",
    dimensions: { i: { stop: 100_000 }, j: { stop: 100_000 } },
  }];
  await assert.rejects(open({ version: 1, gen, refs: GROUP }), {
    code: "index-too-large",
    message: /asks for 10000000000 references/,
  });
});

Deno.test("a set is the same wherever the parts of its file are cut", async () => {
  const bytes = new TextEncoder().encode(
    `\ufeff [ ${
      JSON.stringify({ version: 1, refs: conformanceRefs("."), gen: [] }, undefined, 1)
    }\n ] \n`,
  );
  async function* cut(size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
  const plain = ({ sets }: ReferenceFile) =>
    sets.map(({ arrays }) => ({
      arrays: [...arrays].map(([path, references]) => [
        path,
        [...references.targets.inline],
        [...references.tables()].map(({ inline: _, ...columns }) => columns),
      ]),
    }));
  const whole = plain(await readReferences(cut(1 << 20), new URL(URL_), 1 << 20));
  assert.ok(whole[0].arrays.length > 2);
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    const again = await readReferences(cut(size), new URL(URL_), 1 << 20);
    assert.deepEqual(plain(again), whole, `${size} bytes a part`);
    assert.ok(again.isList);
  }
});

Deno.test("100,000 references take a few bytes each", async () => {
  const rows = 100_000;
  const refs: Record<string, unknown> = { ...GROUP, "a/.zarray": zarray([rows], [1]) };
  let offset = 5000;
  const offsets: number[] = [];
  for (let i = 0; i < rows; i++) {
    const length = 1000 + (i * 7919) % 50_000;
    refs[`a/${i}`] = [`s3://bucket/archive/file-${Math.floor(i / 2500)}.nc`, offset, length];
    offsets.push(offset);
    offset += length;
  }
  const manifest = await open({ version: 1, refs });
  assert.ok((manifest.heldBytes as number) < rows * 4, `${manifest.heldBytes} bytes`);
  for (let i = 0; i < rows; i += 997) {
    assert.deepEqual(await ref(manifest, "a", i), {
      kind: "range",
      url: `s3://bucket/archive/file-${Math.floor(i / 2500)}.nc`,
      offset: offsets[i],
      length: 1000 + (i * 7919) % 50_000,
    });
  }
});

Deno.test("a version is refused: kerchunk has none", async () => {
  const { origin } = memoryOrigin({ [URL_]: JSON.stringify(GROUP) });
  const options = { ...openOptions(), version: "main" };
  await assert.rejects(openManifest(new URL(URL_), origin, options), { code: "not-found" });
});

Deno.test("a Zstandard window that is more than this server holds is refused, and named", async () => {
  // a frame of no content size, with a window of 1 GiB: 10 + 20 is 2³⁰
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00];
  await assert.rejects(open(new Uint8Array(frame)), { code: "index-too-large", message: /--long/ });
  // a single segment of 2³⁰ bytes
  const segment = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 0x01, 0x00, 0x00];
  await assert.rejects(open(new Uint8Array(segment)), { code: "index-too-large" });
});

Deno.test("a large set that arrives at once is read in turns, with others in between", async () => {
  const refs = Array.from(
    { length: 200_000 },
    (_, i) => `"a/${i}":["s3://bucket/file.nc",${i * 9},9]`,
  );
  const json = `{".zgroup":"{}",${refs.join(",")}}`;
  let [turns, whileRead] = [0, 0];
  const others = setInterval(() => turns++);
  async function* whole() {
    yield new TextEncoder().encode(json);
    whileRead = turns;
    await Promise.resolve();
  }
  await readReferences(whole(), new URL(URL_), 2 ** 26);
  clearInterval(others);
  assert.ok(whileRead >= 2, `${whileRead}`);
});
