import assert from "node:assert/strict";
import { consolidatedJson, type Descendant } from "../../../src/zarr/consolidated.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { GroupMetadata } from "../../../src/zarr/metadata.ts";

const group = (title: string): GroupMetadata => ({
  zarr_format: 3,
  node_type: "group",
  attributes: { title },
});

function textOf(group: GroupMetadata, nodes: Iterable<Descendant>): string {
  return [...consolidatedJson(group, nodes)].join("");
}

function parsed(group: GroupMetadata, nodes: Iterable<Descendant>): JsonObject {
  return JSON.parse(textOf(group, nodes));
}

Deno.test("consolidatedJson() lists all descendants by depth, then name", () => {
  const paths = ["b/a", "c", "a", "b", "b/a/z", "a-b", "b/B"];
  const document = parsed(group("root"), paths.map((path) => [path, group(path)]));
  assert.deepEqual(document.attributes, { title: "root" });
  const { kind, must_understand, metadata } = document.consolidated_metadata as unknown as {
    kind: string;
    must_understand: boolean;
    metadata: Record<string, GroupMetadata>;
  };
  assert.deepEqual([kind, must_understand], ["inline", false]);
  assert.deepEqual(Object.keys(metadata), ["a", "a-b", "b", "c", "b/B", "b/a", "b/a/z"]);
  assert.deepEqual(metadata["b/a"], group("b/a"));
});

Deno.test("consolidatedJson() has an empty list for a group without nodes, and takes any name", () => {
  const empty = textOf({ zarr_format: 3, node_type: "group" }, []);
  assert.equal(
    empty,
    '{"zarr_format":3,"node_type":"group","attributes":{},"consolidated_metadata":' +
      '{"kind":"inline","must_understand":false,"metadata":{}}}',
  );
  const odd = textOf(group(""), [["__proto__", group("p")]]);
  assert.match(odd, /"metadata":\{"__proto__":\{"zarr_format":3/);
});

Deno.test("consolidatedJson() takes 10,000 nodes, in any order", () => {
  const nodes: Descendant[] = [];
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 100; j++) nodes.push([`g${i}/a${j}`, group(`${i}.${j}`)]);
  }
  const { consolidated_metadata } = parsed(group("root"), nodes.reverse());
  const { metadata } = consolidated_metadata as unknown as { metadata: object };
  const keys = Object.keys(metadata);
  assert.equal(keys.length, 10_000);
  assert.deepEqual(keys, [...keys].sort());
});
