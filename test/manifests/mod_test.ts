import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { FORMATS, openManifest } from "../../manifests/mod.ts";
import { IndexError, OriginError } from "../../src/errors.ts";
import { memoryOrigin, openOptions } from "./memory_origin.ts";
import { parquetSet } from "./parquet_set.ts";

const JSON_SET = JSON.stringify({
  ".zgroup": '{"zarr_format":2}',
  "j/.zgroup": '{"zarr_format":2}',
});
const V2_GROUP = '{"zarr_format":2}';
const V3_GROUP = '{"zarr_format":3,"node_type":"group"}';

function parquet(root: string): Record<string, Uint8Array | string> {
  return parquetSet(
    root,
    5,
    { ".zgroup": { zarr_format: 2 }, "p/.zgroup": { zarr_format: 2 } },
    {},
  );
}

Deno.test("the format of a target is told from its name, its first bytes or what is in its folder", async () => {
  const zgroups = (root: string, name: string) => ({
    [`${root}.zgroup`]: V2_GROUP,
    [`${root}${name}/.zgroup`]: V2_GROUP,
  });
  const cases: Array<
    [url: string, files: Record<string, Uint8Array | string>, child: string, asked: number]
  > = [
    ["https://h/refs.json", { "https://h/refs.json": JSON_SET }, "j", 1],
    ["https://h/refs.json.gz", { "https://h/refs.json.gz": gzipSync(JSON_SET) }, "j", 1],
    ["https://h/refs", { "https://h/refs": JSON_SET }, "j", 3],
    ["https://h/refs.dat", { "https://h/refs.dat": gzipSync(JSON_SET) }, "j", 3],
    ["https://h/set.parq", parquet("https://h/set.parq/"), "p", 1],
    ["https://h/set.parq/", parquet("https://h/set.parq/"), "p", 1],
    ["https://h/set/", parquet("https://h/set/"), "p", 2],
    ["https://h/set.parquet", parquet("https://h/set.parquet/"), "p", 3],
    ["https://h/s.zarr/.zgroup", zgroups("https://h/s.zarr/", "z"), "z", 0],
    ["https://h/s.zarr/", zgroups("https://h/s.zarr/", "z"), "z", 0],
    ["https://h/s.zarr", zgroups("https://h/s.zarr/", "z"), "z", 0],
    [
      "https://h/v3/zarr.json",
      {
        "https://h/v3/zarr.json": V3_GROUP,
        "https://h/v3/g/zarr.json": V3_GROUP,
      },
      "g",
      0,
    ],
  ];
  for (const [url, files, child, requests] of cases) {
    const { origin, asked } = memoryOrigin(files, true);
    const manifest = await openManifest(new URL(url), origin, openOptions());
    assert.deepEqual(await manifest.children(""), [child], url);
    if (requests > 0) assert.equal(asked.length, requests, `${url}: ${asked}`);
  }
});

Deno.test("a format that is named is not looked for", async () => {
  const { origin, asked } = memoryOrigin({ "https://h/x.parq": JSON_SET });
  const options = { ...openOptions(), format: "kerchunk-json" };
  const manifest = await openManifest(new URL("https://h/x.parq"), origin, options);
  assert.deepEqual(await manifest.children(""), ["j"]);
  assert.deepEqual(asked, ["read https://h/x.parq"]);
  await assert.rejects(
    openManifest(new URL("https://h/x"), origin, { ...options, format: "grib" }),
    { code: "bad-request", message: /"grib".*kerchunk-json, kerchunk-parquet/ },
  );
});

Deno.test("a target of no known format is said to be that, with what was seen", async () => {
  const { origin } = memoryOrigin({
    "https://h/x": "GRIB\u0000rest",
    "https://h/y": "secret: 1",
    "https://h/f/README": "",
  });
  const fails = async (url: string, message: RegExp, found?: RegExp) => {
    await assert.rejects(openManifest(new URL(url), origin, openOptions()), (fault: unknown) => {
      assert.ok(fault instanceof IndexError, `${fault}`);
      assert.match(fault.message, message);
      for (const { name } of FORMATS) assert.ok(fault.message.includes(name), name);
      // clients read the message, and are told nothing of the file's content
      assert.doesNotMatch(fault.message, /GRIB|secret/);
      if (found) assert.match(String(fault.context.found), found);
      return true;
    });
  };
  await fails("https://h/x", /Cannot tell the format/, /this is a GRIB file/);
  await fails("https://h/y", /Cannot tell the format/, /starts with "secret/);
  await fails("https://h/f/", /no object at it/);
  await fails("https://h/nothing", /no object at it/);
});

Deno.test("a target that cannot be read is the origin's fault, not an unknown format", async () => {
  for (const url of ["https://h/x", "https://h/f/"]) {
    const { origin, faults } = memoryOrigin({});
    const fault = new OriginError("origin-unavailable", "down", { originStatus: 503 });
    faults.set(url, fault);
    for (const name of [".zmetadata", "repo"]) faults.set(`${url}${name}`, fault);
    await assert.rejects(openManifest(new URL(url), origin, openOptions()), fault, url);
  }
});

Deno.test("a target whose origin refuses every look is refused, not of an unknown format", async () => {
  const { origin, faults } = memoryOrigin({});
  const refusal = new OriginError("reference-unreachable", "403", { originStatus: 403 });
  const url = "https://h/f/";
  for (const name of [".zmetadata", "repo", "refs/branch.main/ref.json", "zarr.json"]) {
    faults.set(url + name, refusal);
  }
  await assert.rejects(openManifest(new URL(url), origin, openOptions()), {
    code: "reference-unreachable",
    message: /credentials/,
  });
});
