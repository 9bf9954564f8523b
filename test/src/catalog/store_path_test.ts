import assert from "node:assert/strict";
import { SluiceError } from "../../../src/errors.ts";
import { parseStorePath } from "../../../src/catalog/store_path.ts";

const IDS = new Set(["mur", "noaa/mur", "noaa/mur/v2", "a.b_c-d"]);
const has = (id: string) => IDS.has(id);

const PATHS: Array<[path: string, expected: ReturnType<typeof parseStorePath>]> = [
  ["/mur", { id: "mur", version: undefined, view: "portable", key: "" }],
  ["/mur/", { id: "mur", version: undefined, view: "portable", key: "" }],
  ["/mur/zarr.json", {
    id: "mur",
    version: undefined,
    view: "portable",
    key: "zarr.json",
  }],
  ["/noaa/mur/v2/c/0", {
    id: "noaa/mur/v2",
    version: undefined,
    view: "portable",
    key: "c/0",
  }],
  ["/noaa/mur/x/c/0", {
    id: "noaa/mur",
    version: undefined,
    view: "portable",
    key: "x/c/0",
  }],
  ["/mur//c/0", { id: "mur", version: undefined, view: "portable", key: "/c/0" }],
  ["/a.b_c-d/x/", { id: "a.b_c-d", version: undefined, view: "portable", key: "x/" }],
  ["//mur", undefined],
  ["mur/zarr.json", undefined],
  ["/mur~native/t/zarr.json", {
    id: "mur",
    version: undefined,
    view: "native",
    key: "t/zarr.json",
  }],
  ["/mur%7Ev2/.zgroup", {
    id: "mur",
    version: undefined,
    view: "v2",
    key: ".zgroup",
  }],
  ["/mur@v1.0/zarr.json", {
    id: "mur",
    version: "v1.0",
    view: "portable",
    key: "zarr.json",
  }],
  ["/mur@it%20works!~native/a/", {
    id: "mur",
    version: "it works!",
    view: "native",
    key: "a/",
  }],
  ["/mur@feature%2Fx@y/a", {
    id: "mur",
    version: "feature/x@y",
    view: "portable",
    key: "a",
  }],
  ["/mur~other/zarr.json", undefined],
  ["/mur@/zarr.json", undefined],
  ["/murx/zarr.json", undefined],
  ["/mur/a%2Fb/zarr.json", undefined],
  ["/", undefined],
  ["/noaa", undefined],
];
for (const [path, expected] of PATHS) {
  Deno.test(`parseStorePath() of ${path} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseStorePath(path, has), expected);
  });
}

for (
  const [path, code] of [
    ["/mur/%zz", "bad-request"],
    ["/mur/%ff", "bad-request"],
    ["/mur/a%0d%0ab", "not-found"],
    ["/mur/%00", "not-found"],
  ]
) {
  Deno.test(`parseStorePath() refuses ${path} with ${code}`, () => {
    assert.throws(
      () => parseStorePath(path, has),
      (error) => error instanceof SluiceError && error.code === code,
    );
  });
}

Deno.test("an id may be called with .zarr behind it, unless another dataset is called that", () => {
  const has = (id: string) => ["mur", "noaa/x", "y", "y.zarr"].includes(id);
  const idAndKey = (path: string) => {
    const { id, key, view } = parseStorePath(path, has) ?? {};
    return [id, key, view];
  };
  assert.deepEqual(idAndKey("/mur.zarr/a/zarr.json"), ["mur", "a/zarr.json", "portable"]);
  assert.deepEqual(idAndKey("/mur.zarr~v2/.zgroup"), ["mur", ".zgroup", "v2"]);
  assert.deepEqual(idAndKey("/noaa/x.zarr"), ["noaa/x", "", "portable"]);
  assert.deepEqual(idAndKey("/y.zarr/z"), ["y.zarr", "z", "portable"]);
  assert.equal(parseStorePath("/z.zarr/z", has), undefined);
  assert.equal(parseStorePath("/.zarr/z", has), undefined);
});
