import assert from "node:assert/strict";
import {
  isObject,
  isRawNumber,
  type JsonObject,
  parseJson,
  stringifyJson,
  toNumber,
} from "../../src/json.ts";

const SAME = [
  "1.0",
  "-0",
  "-0.0",
  "0",
  "1e5",
  "1E400",
  "-1E400",
  "18446744073709551615",
  "-9223372036854775808",
  "9007199254740993",
  "0.1",
  "-9999.900390625",
  '"NaN"',
  '"a \\" NaN \\\\"',
  '{"__proto__":{"a":1},"constructor":1.0}',
  "[[],{},null,true,false]",
];

for (const text of SAME) {
  Deno.test(`parseJson() and stringifyJson() give back ${text}`, () => {
    assert.equal(stringifyJson(parseJson(text)), text);
  });
}

const BARE: Array<[text: string, expected: string]> = [
  ["NaN", '"NaN"'],
  ["-Infinity", '"-Infinity"'],
  ["[NaN,Infinity,-Infinity,-1.0]", '["NaN","Infinity","-Infinity",-1.0]'],
  ['{"a": {"b": [1.0, NaN]}, "NaN": "x"}', '{"a":{"b":[1.0,"NaN"]},"NaN":"x"}'],
  ['{"a":"is NaN, \\"NaN\\", Infinity","b":NaN}', '{"a":"is NaN, \\"NaN\\", Infinity","b":"NaN"}'],
  ['{"a":"\\\\","b":NaN}', '{"a":"\\\\","b":"NaN"}'],
  ['{"a":1,"a":2}', '{"a":2}'],
];

for (const [text, expected] of BARE) {
  Deno.test(`parseJson() reads ${text} as Python writes it`, () => {
    assert.equal(stringifyJson(parseJson(text)), expected);
  });
}

const BROKEN = ["", "{", "-NaN", "NaNa", "[1,]", '"abc', "01", "nan", '{"a":NaN NaN}'];

for (const text of BROKEN) {
  Deno.test(`parseJson() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseJson(text), SyntaxError);
  });
}

Deno.test("parseJson() reads strings of millions of characters beside a bare NaN", () => {
  const long = '\\n\\"x'.repeat(3_000_000);
  const parsed = parseJson(`{"a":"${long}","b":NaN}`) as JsonObject;
  assert.equal((parsed.a as string).length, 9_000_000);
  assert.equal(parsed.b, "NaN");
});

Deno.test("parseJson() refuses nesting that would exhaust the stack", () => {
  assert.throws(() => parseJson("[".repeat(100_000) + "]".repeat(100_000)), SyntaxError);
  assert.ok(parseJson("[".repeat(400) + "]".repeat(400)));
});

Deno.test("parseJson() makes __proto__ a member, not a prototype", () => {
  const parsed = parseJson('{"__proto__":{"polluted":1.0}}') as JsonObject;
  assert.deepEqual(Object.keys(parsed), ["__proto__"]);
  assert.equal(parsed.polluted, undefined);
});

Deno.test("toNumber() shows that a number is beyond a double", () => {
  assert.equal(toNumber(parseJson("1E400")), Infinity);
  assert.equal(toNumber(parseJson("2.0")), 2);
  assert.equal(toNumber(parseJson('"2"')), undefined);
  assert.equal(isRawNumber(parseJson("2.0")), true);
  assert.equal(isObject(parseJson("2.0")), false);
});

Deno.test("stringifyJson() writes what JSON has no number for as strings", () => {
  assert.equal(
    stringifyJson({ a: [NaN, Infinity, -Infinity], b: 2n ** 64n, c: 1 }),
    '{"a":["NaN","Infinity","-Infinity"],"b":18446744073709551616,"c":1}',
  );
});
