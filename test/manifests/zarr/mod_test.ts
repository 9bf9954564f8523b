import assert from "node:assert/strict";
import { openManifest } from "../../../manifests/mod.ts";
import { IndexError, OriginError } from "../../../src/errors.ts";
import {
  CONFORMANCE_ARRAYS,
  type ExpectedArray,
  manifestConformance,
  plainRef,
  zarrayOf,
} from "../../conformance/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const ROOT = "https://host/stores/a b.zarr/";
const HREF = new URL(ROOT).href;

type Files = Record<string, Uint8Array | string>;

/** Documents of the conformance hierarchy as v2, and an object for each chunk that is not absent. */
function v2Store(separator: "." | "/"): Files {
  const files: Files = {};
  for (const path of ["", "deep/", "deep/er/"]) {
    files[`${ROOT}${path}.zgroup`] = '{"zarr_format":2}';
  }
  for (const array of CONFORMANCE_ARRAYS) {
    files[`${ROOT}${array.path}/.zarray`] = JSON.stringify({
      ...zarrayOf(array),
      dimension_separator: separator,
    });
    for (const coords of Object.keys(array.refs)) {
      files[`${ROOT}${array.path}/${coords.replaceAll(".", separator) || "0"}`] = "chunk";
    }
  }
  return files;
}

function v3Array({ shape, chunks }: ExpectedArray): Record<string, unknown> {
  return {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: "int32",
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunks } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    attributes: {},
  };
}

const V3_GROUP = { zarr_format: 3, node_type: "group", attributes: {} };

function v3Store(): Files {
  const files: Files = {};
  for (const path of ["", "deep/", "deep/er/"]) {
    files[`${ROOT}${path}zarr.json`] = JSON.stringify(V3_GROUP);
  }
  for (const array of CONFORMANCE_ARRAYS) {
    files[`${ROOT}${array.path}/zarr.json`] = JSON.stringify(v3Array(array));
    for (const coords of Object.keys(array.refs)) {
      const key = coords === "" ? "c" : `c/${coords.replaceAll(".", "/")}`;
      files[`${ROOT}${array.path}/${key}`] = "chunk";
    }
  }
  return files;
}

function consolidatedV2(): Files {
  const metadata: Record<string, unknown> = { ".zgroup": { zarr_format: 2 } };
  for (const array of CONFORMANCE_ARRAYS) metadata[`${array.path}/.zarray`] = zarrayOf(array);
  return {
    ...v2Store("."),
    [`${ROOT}.zmetadata`]: JSON.stringify({ zarr_consolidated_format: 1, metadata }),
  };
}

function consolidatedV3(): Files {
  const metadata: Record<string, unknown> = { deep: V3_GROUP, "deep/er": V3_GROUP };
  for (const array of CONFORMANCE_ARRAYS) metadata[array.path] = v3Array(array);
  const consolidated_metadata = { kind: "inline", must_understand: false, metadata };
  return {
    ...v3Store(),
    [`${ROOT}zarr.json`]: JSON.stringify({ ...V3_GROUP, consolidated_metadata }),
  };
}

const v2Key = (separator: string) => (coords: string) => coords.replaceAll(".", separator) || "0";
const v3Key = (coords: string) => coords === "" ? "c" : `c/${coords.replaceAll(".", "/")}`;

for (
  const [name, files, key] of [
    ["v2, listed", v2Store("."), v2Key(".")],
    ['v2, keys with "/", listed', v2Store("/"), v2Key("/")],
    ["v2, consolidated", consolidatedV2(), v2Key(".")],
    ["v3, listed", v3Store(), v3Key],
    ["v3, consolidated", consolidatedV3(), v3Key],
  ] as Array<[string, Files, (coords: string) => string]>
) {
  manifestConformance(`Zarr ${name}`, async () => ({
    manifest: await openManifest(new URL(ROOT), memoryOrigin(files, true).origin, openOptions()),
    expected: (array, coords) => ({
      kind: "object",
      url: `${HREF}${array.path}/${key(coords)}`,
    }),
  }));
}

Deno.test("a consolidated store is opened with its one document, and refreshed with one condition", async () => {
  for (
    const [files, document] of [[consolidatedV2(), ".zmetadata"], [
      consolidatedV3(),
      "zarr.json",
    ]] as const
  ) {
    const { origin, asked, files: held } = memoryOrigin(files);
    const options = { ...openOptions(), format: "zarr" };
    const manifest = await openManifest(new URL(ROOT), origin, options);
    await manifest.chunk("temp", [0, 0]);
    await manifest.children("deep");
    assert.deepEqual(asked, [`read ${HREF}${document}`]);
    assert.equal(await manifest.refresh(), manifest);
    assert.deepEqual(asked.slice(1), [`304 ${HREF}${document}`]);
    const text = new TextDecoder().decode(held.get(HREF + document));
    held.set(HREF + document, new TextEncoder().encode(text.replace('"shape":[7]', '"shape":[8]')));
    const next = await manifest.refresh();
    assert.notEqual(next.version, manifest.version);
    const node = await next.node("unwritten");
    assert.deepEqual(node?.type === "array" && node.metadata.shape, [8]);
  }
});

Deno.test("without consolidated metadata or listings nodes are found as they are asked for", async () => {
  for (const [files, key] of [[v2Store("."), v2Key(".")], [v3Store(), v3Key]] as const) {
    const { origin, asked, files: held } = memoryOrigin(files);
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    assert.equal((await manifest.node(""))?.type, "group");
    assert.deepEqual(await manifest.children(""), []);
    assert.equal((await manifest.node("deep/er/line"))?.type, "array");
    assert.equal((await manifest.node("deep"))?.type, "group");
    for (const none of ["nothing", "..", "temp/..", "temp/", "/temp", "."]) {
      assert.equal(await manifest.node(none), undefined, none);
      assert.equal(await manifest.chunk(none, [0]), undefined, none);
    }
    const url = `${HREF}temp/${key("2.1")}`;
    assert.deepEqual(plainRef(await manifest.chunk("temp", [2, 1])), { kind: "object", url });
    const before = asked.length;
    await Promise.all([
      manifest.node("temp"),
      manifest.chunk("temp", [0, 0]),
      manifest.node("nothing"),
    ]);
    assert.equal(asked.length, before, "what is known is not asked for again");
    let rows = 0;
    for await (const table of manifest.refs("temp")) rows += table.rows;
    assert.equal(rows, 6, "all that there may be");

    assert.equal(await manifest.refresh(), manifest);
    const document = [...held.keys()].find((name) =>
      /temp\/(\.zarray|zarr\.json)$/.test(name)
    ) as string;
    const text = new TextDecoder().decode(held.get(document));
    held.set(document, new TextEncoder().encode(text.replace("[5,6]", "[9,6]")));
    const next = await manifest.refresh();
    assert.notEqual(next.version, manifest.version, "a node that was used has changed");
    assert.equal((await next.chunk("temp", [4, 1]))?.kind, "object");
  }
});

Deno.test("a root array is a store, and an origin's failure is not an absent node", async () => {
  const array = zarrayOf({ path: "", shape: [4], chunks: [2], refs: {} });
  const { origin } = memoryOrigin({
    [`${ROOT}.zarray`]: JSON.stringify(array),
    [`${ROOT}.zattrs`]: "{}",
  });
  const manifest = await openManifest(new URL(`${ROOT}.zarray`), origin, openOptions());
  assert.equal((await manifest.node(""))?.type, "array");
  assert.deepEqual(plainRef(await manifest.chunk("", [1])), { kind: "object", url: `${HREF}1` });

  const { origin: failing, faults } = memoryOrigin(v3Store());
  const probed = await openManifest(new URL(ROOT), failing, openOptions());
  faults.set(`${HREF}temp/zarr.json`, new OriginError("origin-unavailable", "down"));
  await assert.rejects(probed.node("temp"), OriginError);
  await assert.rejects(probed.chunk("temp", [0, 0]), OriginError);
  faults.clear();
  assert.equal((await probed.node("temp"))?.type, "array", "the failure is not remembered");
});

Deno.test("v2 chunk keys in a v3 array, and a dot for its separator, are spelled so", async () => {
  const document = (chunk_key_encoding: unknown) =>
    JSON.stringify({
      ...v3Array({ path: "", shape: [4, 4], chunks: [2, 2], refs: {} }),
      chunk_key_encoding,
    });
  for (
    const [encoding, key] of [
      [{ name: "v2" }, "1.0"],
      [{ name: "v2", configuration: { separator: "/" } }, "1/0"],
      [{ name: "default", configuration: { separator: "." } }, "c.1.0"],
      [{ name: "default" }, "c/1/0"],
    ] as const
  ) {
    const files = { [`${ROOT}zarr.json`]: document(encoding), [`${ROOT}${key}`]: "chunk" };
    const { origin } = memoryOrigin(files, true);
    const manifest = await openManifest(new URL(ROOT), origin, openOptions());
    assert.deepEqual(plainRef(await manifest.chunk("", [1, 0])), {
      kind: "object",
      url: HREF + key,
    });
    const coords: number[][] = [];
    for await (const table of manifest.refs("")) coords.push([...table.coords]);
    assert.deepEqual(coords, [[1, 0]], key);
  }
});

Deno.test("what is no store is said, and too many nodes name the conversion that helps", async () => {
  const options = { ...openOptions(), format: "zarr" };
  await assert.rejects(
    openManifest(new URL(ROOT), memoryOrigin({}).origin, options),
    (fault: unknown) => {
      assert.ok(fault instanceof IndexError);
      assert.match(fault.message, /no Zarr store/);
      return true;
    },
  );
  const files = v3Store();
  const { origin } = memoryOrigin(files, true);
  const small = { ...openOptions(1000), format: "zarr" };
  await assert.rejects(openManifest(new URL(ROOT), origin, small), {
    code: "index-too-large",
    message: /consolidate/,
  });
});

Deno.test("a store whose folders list themselves, or what is above them, is refused after some listings", async () => {
  for (
    const [name, code] of [["again", "index-too-large"], ["..", "index-invalid"], [
      "",
      "index-invalid",
    ]]
  ) {
    const { origin } = memoryOrigin({
      [`${ROOT}zarr.json`]: '{"zarr_format":3,"node_type":"group"}',
    });
    let listings = 0;
    origin.list = () => {
      listings++;
      return Promise.resolve([{ name, kind: "folder" }]);
    };
    await assert.rejects(openManifest(new URL(ROOT), origin, openOptions()), { code });
    assert.ok(listings < 100, `${listings}`);
  }
});
