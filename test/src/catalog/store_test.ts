import assert from "node:assert/strict";
import { ByteCache } from "../../../src/byte_cache.ts";
import type { ArrayNode, Manifest, Node } from "../../../src/manifest.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { ChunkRef } from "../../../src/chunk/ref.ts";
import { IndexError, OriginError } from "../../../src/errors.ts";
import type { StoreDocument } from "../../../src/catalog/documents.ts";
import { Store } from "../../../src/catalog/store.ts";
import type { View } from "../../../src/zarr/view.ts";

const encoder = new TextEncoder();

function array(more: Partial<ArrayNode["metadata"]> = {}, source?: ArrayNode["source"]): ArrayNode {
  return {
    type: "array",
    source,
    metadata: {
      zarr_format: 3,
      node_type: "array",
      shape: [5, 4],
      data_type: "int16",
      chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 4] } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: 0,
      codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      attributes: {},
      ...more,
    },
  };
}

const group: Node = {
  type: "group",
  metadata: { zarr_format: 3, node_type: "group", attributes: {} },
};

/** A manifest of nodes by path; every chunk inside is one inline byte. */
function manifestOf(nodes: Record<string, Node>): Manifest & { asked: string[] } {
  const asked: string[] = [];
  const chunk: ChunkRef = { kind: "inline", bytes: encoder.encode("x") };
  return {
    asked,
    version: "1",
    pinned: false,
    node: (path) => Promise.resolve(nodes[path]),
    children: (path) =>
      Promise.resolve(
        Object.keys(nodes).filter((name) =>
          name !== "" && name.slice(0, Math.max(0, name.lastIndexOf("/"))) === path
        ).map((name) => name.split("/").at(-1)!),
      ),
    chunk: (path, coords) => {
      asked.push(`${path}:${coords}`);
      return Promise.resolve(chunk);
    },
    async *refs() {},
    refresh: () => Promise.reject(new TypeError("not asked for")),
  };
}

const storeOf = (nodes: Record<string, Node>, view: View = "portable") => {
  const manifest = manifestOf(nodes);
  return { manifest, store: new Store(manifest, view, new ByteCache(1 << 20), "set") };
};

async function json(store: Store, key: string): Promise<Record<string, unknown>> {
  const entry = await store.entry(key);
  assert.equal(entry?.kind, "document", key);
  return JSON.parse(new TextDecoder().decode((entry as { bytes: Uint8Array }).bytes));
}

Deno.test("a manifest is never asked for chunks outside an array's grid or of another rank", async () => {
  const { manifest, store } = storeOf({ "": group, "a": array() });
  for (const key of ["a/c/3/0", "a/c/0/1", "a/c/0", "a/c", "a/c/0/0/0", "b/c/0/0", "c/0/0"]) {
    assert.equal(await store.entry(key), undefined, key);
  }
  assert.deepEqual(manifest.asked, []);
  assert.equal((await store.entry("a/c/2/0"))?.kind, "chunk");
  assert.deepEqual(manifest.asked, ["a:2,0"]);
});

Deno.test("a scalar has one chunk, an array at the root its own keys, an empty array none", async () => {
  const grid = (shape: number[]) => ({ name: "regular", configuration: { chunk_shape: shape } });
  const scalar = array({ shape: [], chunk_grid: grid([]) });
  const root = storeOf({ "": scalar });
  assert.equal((await root.store.entry("c"))?.kind, "chunk");
  assert.equal(await root.store.entry("c/0"), undefined);
  const empty = storeOf({ "": group, "e": array({ shape: [0, 4] }) });
  assert.equal(await empty.store.entry("e/c/0/0"), undefined);
});

Deno.test("every group's zarr.json has what is below it consolidated, with keys of its own", async () => {
  const { store } = storeOf({ "": group, "g": group, "g/a": array(), "g/h": group, "b": array() });
  const metadataOf = async (key: string) =>
    Object.keys(
      ((await json(store, key)).consolidated_metadata as { metadata: Record<string, unknown> })
        .metadata,
    ).sort();
  assert.deepEqual(await metadataOf("zarr.json"), ["b", "g", "g/a", "g/h"]);
  assert.deepEqual(await metadataOf("g/zarr.json"), ["a", "h"]);
  assert.deepEqual(await metadataOf("g/h/zarr.json"), []);
});

Deno.test("an array's own document equals its entry in the consolidated one, in every view", async () => {
  const shuffled = array({
    codecs: [
      { name: "bytes", configuration: { endian: "big" } },
      { name: "numcodecs.shuffle", configuration: { elementsize: 2 } },
      { name: "numcodecs.zlib", configuration: { level: 1 } },
    ],
  });
  for (const view of ["portable", "native"] as const) {
    const { store } = storeOf({ "": group, "a": shuffled }, view);
    const root = await json(store, "zarr.json") as {
      consolidated_metadata: { metadata: Record<string, unknown> };
    };
    assert.deepEqual(root.consolidated_metadata.metadata.a, await json(store, "a/zarr.json"), view);
  }
});

Deno.test("native documents of a v3 source are its bytes; keys follow its own encoding", async () => {
  const zarrJson = encoder.encode('{"zarr_format": 3,  "node_type": "array"}');
  const source = { zarrFormat: 3 as const, zarrJson };
  const dotted = array({
    chunk_key_encoding: { name: "v2", configuration: { separator: "." } },
  }, source);
  const native = storeOf({ "": group, "a": dotted }, "native");
  const entry = await native.store.entry("a/zarr.json");
  assert.deepEqual((entry as { bytes: Uint8Array }).bytes, zarrJson);
  assert.equal((await native.store.entry("a/1.0"))?.kind, "chunk");
  assert.equal(await native.store.entry("a/c/1/0"), undefined);
  const portable = storeOf({ "": group, "a": dotted });
  assert.equal((await portable.store.entry("a/c/1/0"))?.kind, "chunk");
  assert.equal(await portable.store.entry("a/1.0"), undefined);
});

Deno.test("the v2 view of a v3 source has documents for what v2 can say, and leaves out the rest", async () => {
  const sharded = array({
    codecs: [{
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [1, 4],
        codecs: [{ name: "bytes", configuration: { endian: "little" } }],
        index_codecs: [{ name: "bytes", configuration: { endian: "little" } }],
        index_location: "end",
      },
    }],
  });
  const { store } = storeOf({ "": group, "a": array(), "s": sharded }, "v2");
  const zmetadata = await json(store, ".zmetadata") as { metadata: Record<string, unknown> };
  assert.deepEqual(Object.keys(zmetadata.metadata).sort(), [
    ".zattrs",
    ".zgroup",
    "a/.zarray",
    "a/.zattrs",
  ]);
  assert.equal((await json(store, "a/.zarray")).dtype, "<i2");
  assert.equal(await store.entry("s/.zarray"), undefined);
  assert.equal((await store.entry("a/1.0"))?.kind, "chunk");
});

function timesIn(unit: string): Partial<ArrayNode["metadata"]> {
  const data_type = { name: "numpy.datetime64", configuration: { unit, scale_factor: 1 } };
  return { data_type, fill_value: "NaT" };
}

Deno.test("times are CF's int64 in the portable view, and NumPy's in the others", async () => {
  const nodes = { "": group, "t": array(timesIn("s")) };
  const { data_type, attributes } = await json(storeOf(nodes).store, "t/zarr.json");
  assert.equal(data_type, "int64");
  const { units, calendar } = attributes as Record<string, unknown>;
  assert.equal(units, "seconds since 1970-01-01 00:00:00");
  assert.equal(calendar, "proleptic_gregorian");
  const native = await json(storeOf(nodes, "native").store, "t/zarr.json");
  assert.deepEqual(native.data_type, timesIn("s").data_type);
  assert.equal((await json(storeOf(nodes, "v2").store, "t/.zarray")).dtype, "<M8[s]");
});

function sharded(
  index_location: string,
  codecs = array().metadata.codecs,
): ArrayNode {
  const configuration = {
    chunk_shape: [1, 4],
    codecs: codecs as unknown as JsonObject[],
    index_codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    index_location,
  };
  return array({ codecs: [{ name: "sharding_indexed", configuration }] });
}

/** Arrays that strict clients refuse, or misread, and why they are left out. */
const REFUSED: Array<[title: string, node: ArrayNode, reason: RegExp]> = [
  ["an unknown codec", array({ codecs: [{ name: "numcodecs.grib" }] }), /numcodecs\.grib/],
  ["no codecs", array({ codecs: [] }), /codec/],
  ["a rectilinear grid", array({ chunk_grid: { name: "rectilinear" } }), /not regular/],
  ["chunk keys of a kind of their own", array({ chunk_key_encoding: { name: "x" } }), /"x"/],
  ["an unknown data type", array({ data_type: "float8_new" }), /float8_new/],
  ["a data type that only some have", array({ data_type: "bfloat16" }), /bfloat16/],
  ["raw bits", array({ data_type: "r64" }), /r64/],
  ["a fill value out of range", array({ fill_value: 40000 }), /40000/],
  ["a fill value of another kind", array({ fill_value: "NaN" }), /NaN/],
  ["times that CF does not know", array(timesIn("Y")), /count Y/],
  ["a fill value that is no time", array({ ...timesIn("s"), fill_value: "soon" }), /soon/],
  ["storage transformers", array({ storage_transformers: [{ name: "x" }] }), /transformers/],
  ["shards that begin with their index", sharded("start"), /index at the start/],
  ["such shards inside shards", sharded("end", sharded("start").metadata.codecs), /at the start/],
  ["no faithful form", { ...array(), unsupported: "it holds Python objects" }, /Python objects/],
];
for (const [title, node, reason] of REFUSED) {
  Deno.test(`an array with ${title} is left out of its groups' documents alone, with the reason`, async () => {
    const nodes = { "": group, "g": group, "g/a": node, "g/b": array(), "c": array() };
    const { store } = storeOf(nodes);
    const root = await json(store, "zarr.json") as unknown as Consolidated;
    assert.deepEqual(Object.keys(root.consolidated_metadata.metadata), ["c", "g", "g/b"]);
    assert.match(root.attributes["sluice:left_out"], /^g\/a: /);
    assert.match(root.attributes["sluice:left_out"], reason);
    const own = await json(store, "g/zarr.json") as unknown as Consolidated;
    assert.deepEqual(Object.keys(own.consolidated_metadata.metadata), ["b"]);
    assert.match(own.attributes["sluice:left_out"], /^a: /);
    assert.deepEqual(
      own.attributes,
      (root.consolidated_metadata.metadata.g as Consolidated).attributes,
    );
    const document = await json(store, "g/a/zarr.json");
    assert.deepEqual(document.codecs, node.metadata.codecs, "its own document has its own codecs");
    const listed = (await store.children("g")).map(([path, child]) => [
      path,
      child.type === "array" && child.leftOut !== undefined,
    ]);
    assert.deepEqual(listed, [["g/a", true], ["g/b", false]]);
    const native = await json(
      storeOf(nodes, "native").store,
      "zarr.json",
    ) as unknown as Consolidated;
    assert.ok("g/a" in native.consolidated_metadata.metadata, "the native view has it");
    assert.equal(native.attributes["sluice:left_out"], undefined);
    const v2 = await json(storeOf(nodes, "v2").store, ".zmetadata") as unknown as V2Consolidated;
    assert.ok(!("g/a/.zarray" in v2.metadata) && "g/b/.zarray" in v2.metadata);
  });
}

interface Consolidated {
  readonly attributes: Record<string, string>;
  readonly consolidated_metadata: { readonly metadata: Record<string, unknown> };
}

interface V2Consolidated {
  readonly metadata: Record<string, unknown>;
}

Deno.test("chunks that cannot be found are a fault in every view, never absent", async () => {
  const nodes = { "": group, "a": array({ chunk_grid: { name: "rectilinear" } }) };
  for (const view of ["portable", "native", "v2"] as const) {
    const { manifest, store } = storeOf(nodes, view);
    await assert.rejects(store.entry(view === "v2" ? "a/0.0" : "a/c/0/0"), /not regular/);
    assert.deepEqual(manifest.asked, []);
  }
});

Deno.test("a node that cannot be leaves out itself alone; asked for by name it answers its fault", async () => {
  const nodes = { "": group, "a": array(), "b": array() };
  for (const view of ["portable", "native", "v2"] as const) {
    const { manifest, store } = storeOf(nodes, view);
    manifest.node = (path) =>
      path === "a"
        ? Promise.reject(new IndexError("its shape is [-1]"))
        : Promise.resolve((nodes as Record<string, Node>)[path]);
    if (view === "v2") {
      const { metadata } = await json(store, ".zmetadata") as unknown as V2Consolidated;
      assert.deepEqual(Object.keys(metadata), [".zgroup", ".zattrs", "b/.zarray", "b/.zattrs"]);
    } else {
      const root = await json(store, "zarr.json") as unknown as Consolidated;
      assert.deepEqual(Object.keys(root.consolidated_metadata.metadata), ["b"]);
      assert.equal(root.attributes["sluice:left_out"], "a: its shape is [-1]");
    }
    await assert.rejects(store.entry(view === "v2" ? "a/.zarray" : "a/zarr.json"), /\[-1\]/);
    await assert.rejects(store.entry(view === "v2" ? "a/0.0" : "a/c/0/0"), /\[-1\]/);
    assert.equal((await store.children(""))[0][1].type, "malformed");
  }
});

Deno.test("an index that cannot be read is no malformed node: its groups fail", async () => {
  const { manifest, store } = storeOf({ "": group, "a": array() });
  const { node } = manifest;
  manifest.node = (path) =>
    path === "a" ? Promise.reject(new OriginError("origin-unavailable", "down")) : node(path);
  await assert.rejects(store.entry("zarr.json"), OriginError);
});

Deno.test("what stands behind # in a path is left out of the portable view alone, and served by name", async () => {
  const nodes = { "": group, "a#1": array(), "g#": group, "g#/b": array(), "c": array() };
  const { store } = storeOf(nodes);
  const root = await json(store, "zarr.json") as unknown as Consolidated;
  assert.deepEqual(Object.keys(root.consolidated_metadata.metadata), ["c"]);
  for (const path of ["a#1", "g#", "g#/b"]) {
    assert.ok(root.attributes["sluice:left_out"].includes(`${path}: its path holds "#"`), path);
  }
  assert.equal((await store.entry("a#1/c/0/0"))?.kind, "chunk");
  assert.deepEqual((await json(store, "a#1/zarr.json")).shape, [5, 4]);
  const native = await json(storeOf(nodes, "native").store, "zarr.json") as unknown as Consolidated;
  assert.equal(Object.keys(native.consolidated_metadata.metadata).length, 4);
});

Deno.test("grid mappings stand before the other arrays of their depth, whatever their names", async () => {
  const mapped = (grid_mapping: string) => array({ attributes: { grid_mapping } });
  const { store } = storeOf({
    "": group,
    "A": mapped("zone"),
    "B": mapped("crs: x y other: lat lon"),
    "crs": array(),
    "g": group,
    "g/A": mapped("local"),
    "g/local": array(),
    "other": array(),
    "unused": array({ attributes: { grid_mapping_name: "latitude_longitude" } }),
    "zone": array(),
  });
  const root = await json(store, "zarr.json") as unknown as Consolidated;
  assert.deepEqual(Object.keys(root.consolidated_metadata.metadata), [
    "crs",
    "other",
    "unused",
    "zone",
    "A",
    "B",
    "g",
    "g/local",
    "g/A",
  ]);
});

Deno.test("~native and ~v2 read an array's metadata once, not at each chunk", async () => {
  for (const [view, key] of [["native", "a/c/0/0"], ["v2", "a/0.0"]] as const) {
    const { manifest, store } = storeOf({ "": group, "a": array() }, view);
    let asked = 0;
    const { node } = manifest;
    manifest.node = (path) => (asked += path === "a" ? 1 : 0, node(path));
    for (let i = 0; i < 3; i++) assert.equal((await store.entry(key))?.kind, "chunk");
    assert.equal(asked, 1, view);
  }
});

Deno.test("a document that names nodes with spaces has a form with %20 for GDAL; others have none", async () => {
  const { store } = storeOf({ "": group, "Data Fields": group, "Data Fields/a b": array() });
  const entry = await store.entry("zarr.json") as StoreDocument;
  assert.equal(entry.spaced, true);
  const escaped = await store.withoutSpaces(entry);
  const root = JSON.parse(new TextDecoder().decode(escaped.bytes)) as Consolidated;
  assert.deepEqual(Object.keys(root.consolidated_metadata.metadata), [
    "Data%20Fields",
    "Data%20Fields/a%20b",
  ]);
  assert.notEqual(escaped.etag, entry.etag);
  const { metadata } = (await json(store, "zarr.json") as unknown as Consolidated)
    .consolidated_metadata;
  assert.deepEqual(Object.keys(metadata), ["Data Fields", "Data Fields/a b"]);
  const plain = await storeOf({ "": group, "a": array() }).store.entry("zarr.json");
  assert.equal((plain as StoreDocument).spaced, false);
});

Deno.test("a consolidated document over its limit is refused in every view, once; groups below it are served", async () => {
  const attributes = { a: "x".repeat(2 ** 20) };
  const many: Record<string, Node> = { "": group, "few": group };
  for (let i = 0; i < 40; i++) {
    many[`g${i}`] = { type: "group", metadata: { zarr_format: 3, node_type: "group", attributes } };
  }
  for (
    const [view, key] of [["portable", "zarr.json"], ["native", "zarr.json"], ["v2", ".zmetadata"]]
  ) {
    const { manifest, store } = storeOf(many, view as View);
    let asked = 0;
    const { children } = manifest;
    manifest.children = (path) => (asked++, children(path));
    const limit = { code: "index-too-large", message: /33554432 bytes, which is the limit/ };
    await assert.rejects(store.entry(key), limit);
    const once = asked;
    await assert.rejects(store.entry(key), limit);
    assert.equal(asked, once, view);
    assert.equal((await store.entry(`few/${key}`))?.kind, "document");
  }
});

Deno.test("what is left out is named by every group around it", async () => {
  const odd = array({ data_type: "string_of_mine" as never });
  const { store } = storeOf({ "": group, "g": group, "g/h": group, "g/h/odd": odd, "z": group });
  const root = await json(store, "zarr.json") as unknown as Consolidated & Node["metadata"];
  const { metadata } = root.consolidated_metadata as unknown as {
    metadata: Record<string, Node["metadata"]>;
  };
  const named = (of: Node["metadata"]) =>
    String(of.attributes?.["sluice:left_out"] ?? "").split(":")[0];
  assert.deepEqual(Object.entries(metadata).map(([path, node]) => [path, named(node)]), [
    ["g", "h/odd"],
    ["z", ""],
    ["g/h", "odd"],
  ]);
  assert.equal(named(root), "g/h/odd");
});
