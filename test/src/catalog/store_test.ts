import assert from "node:assert/strict";
import { ByteCache } from "../../../src/byte_cache.ts";
import type { ArrayNode, Manifest, Node } from "../../../src/manifest.ts";
import type { ChunkRef } from "../../../src/chunk/ref.ts";
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
