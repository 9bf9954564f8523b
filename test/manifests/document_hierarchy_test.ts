import assert from "node:assert/strict";
import { DocumentHierarchy } from "../../manifests/document_hierarchy.ts";

const GROUP = new TextEncoder().encode('{"zarr_format":2}');

Deno.test("a path with an empty, . or .. segment is refused: a group would be its own child", () => {
  for (
    const key of [
      "//.zgroup",
      "/.zgroup",
      "a//.zgroup",
      "./.zgroup",
      "a/../b/.zarray",
      "../zarr.json",
    ]
  ) {
    assert.throws(
      () => new DocumentHierarchy(new Map([[key, GROUP]])),
      { code: "index-invalid" },
      key,
    );
  }
  const metadata = JSON.stringify({ metadata: { "a//.zgroup": { zarr_format: 2 } } });
  const consolidated = new Map([[".zmetadata", new TextEncoder().encode(metadata)]]);
  assert.throws(() => new DocumentHierarchy(consolidated), { code: "index-invalid" });
});

Deno.test("depth, names, documents and consolidated metadata have limits, which the fault names", () => {
  const spaces = (bytes: number) => new Uint8Array(bytes).fill(0x20);
  const cases: Array<[key: string, document: Uint8Array, limit: RegExp]> = [
    ["a/".repeat(65) + ".zgroup", GROUP, /limit is 64$/],
    ["n".repeat(1025) + "/.zgroup", GROUP, /limit is 1024$/],
    ["a/.zattrs", spaces(2 ** 22 + 1), /limit is 4194304$/],
    [".zmetadata", spaces(2 ** 25 + 1), /limit is 33554432$/],
  ];
  for (const [key, document, message] of cases) {
    const documents = new Map([[key, document]]);
    assert.throws(() => new DocumentHierarchy(documents), { code: "index-too-large", message });
  }
  const deep = new DocumentHierarchy(new Map([["a/".repeat(64) + ".zgroup", GROUP]]));
  assert.deepEqual(deep.children(""), ["a"]);
});
