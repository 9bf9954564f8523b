import assert from "node:assert/strict";
import { jsonMembers } from "../../manifests/json_members.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function members(json: string): Array<[string, string]> {
  return [...jsonMembers(encoder.encode(json))].map(([name, text]) => [name, decoder.decode(text)]);
}

Deno.test("jsonMembers() gives each value as it is written", () => {
  assert.deepEqual(members("{}"), []);
  assert.deepEqual(members(" \n{ } "), []);
  assert.deepEqual(members("\ufeff{}"), []);
  const json = ` {"a": NaN, "b":-Infinity,"c" : {"d": [1.0, "}"], "e": {}} , "10": 1e400,
    "gr\\u00f6\\u00dfe":["x", 1, 2], "":[["u"],[]], "__proto__" :null, "t":true}`;
  assert.deepEqual(members(json), [
    ["a", "NaN"],
    ["b", "-Infinity"],
    ["c", '{"d": [1.0, "}"], "e": {}}'],
    ["10", "1e400"],
    ["größe", '["x", 1, 2]'],
    ["", '[["u"],[]]'],
    ["__proto__", "null"],
    ["t", "true"],
  ]);
});

Deno.test("jsonMembers() gives of text what it stands for, and of repeated names the last", () => {
  assert.deepEqual(members('{"a":"{\\"b\\": \\"\\u00f6\\"}", "c": 1, "c": 2}'), [
    ["a", '{"b": "ö"}'],
    ["c", "2"],
  ]);
});
