import * as flexbuffers from "flatbuffers/js/flexbuffers.js";
import assert from "node:assert/strict";
import { decodeFlexbuffer, type FlexValue } from "../../../manifests/icechunk/flexbuffer.ts";
import { SluiceError } from "../../../src/errors.ts";

/** Maps as objects, blobs as arrays. */
function plain(value: FlexValue): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, item]) => [name, plain(item)]));
  }
  if (value instanceof Uint8Array) return [...value];
  return Array.isArray(value) ? value.map(plain) : value;
}

const VALUES: Array<[string, unknown]> = [
  ["null", null],
  ["booleans", [true, false]],
  ["integers of each width", { a: 1, b: -200, c: 70_000, d: -5_000_000_000, e: 2 ** 40 }],
  ["a float", 1.5],
  ["text", "ünï"],
  ["nested maps and vectors", { list: [1, "two", [3, { four: null }]], empty: {}, none: [] }],
  ["a wide map", Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, i]))],
];

for (const [what, value] of VALUES) {
  Deno.test(`FlexBuffer: ${what}`, () => {
    assert.deepEqual(plain(decodeFlexbuffer(flexbuffers.encode(value))), value);
  });
}

Deno.test("FlexBuffer: damaged ones are refused or decode to something, quickly", () => {
  const whole = flexbuffers.encode(Object.fromEntries(VALUES.slice(0, -1)));
  let refused = 0;
  for (let at = 0; at < whole.length; at++) {
    for (const bit of [1, 16, 128]) {
      const damaged = whole.slice();
      damaged[at] ^= bit;
      try {
        decodeFlexbuffer(damaged);
      } catch (error) {
        assert.ok(error instanceof SluiceError && error.code === "index-invalid", `${error}`);
        refused++;
      }
    }
  }
  for (let length = 0; length < 40; length++) {
    try {
      decodeFlexbuffer(whole.slice(-length || whole.length));
    } catch (error) {
      assert.ok(error instanceof SluiceError, `${error}`);
    }
  }
  assert.ok(refused > 0);
  assert.throws(() => decodeFlexbuffer(new Uint8Array(0)), SluiceError);
});

Deno.test("FlexBuffer: a vector that holds itself is refused", () => {
  // One untyped vector of two items, both of which lead back to it.
  const cyclic = Uint8Array.of(2, 0, 1, 0x28, 0x28, 4, 0x28, 1);
  assert.throws(() => decodeFlexbuffer(cyclic), /nested too deep|too many values/);
});
