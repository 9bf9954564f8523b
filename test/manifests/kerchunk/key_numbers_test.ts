import assert from "node:assert/strict";
import { KeyNumbers } from "../../../manifests/kerchunk/key_numbers.ts";

/** `base|numbers`, a slash or dot as it is in the key. */
function tailOf(key: string): string | undefined {
  const tail = new KeyNumbers();
  const bytes = new TextEncoder().encode(key);
  if (!tail.read(bytes, 0, bytes.length)) return undefined;
  let text = `${key.slice(0, tail.start)}|`;
  for (let i = 0; i < tail.count; i++) {
    text += tail.numbers[i];
    if (i < tail.count - 1) text += ((tail.slashes >>> i) & 1) === 1 ? "/" : ".";
  }
  return text;
}

Deno.test("the numbers at the end of a key are found, and where they start", () => {
  const cases: Array<[key: string, tail: string | undefined]> = [
    ["a/0", "a/|0"],
    ["a/0.1.2", "a/|0.1.2"],
    ["a/b/10/20", "a/b/|10/20"],
    ["0/1.2", "|0/1.2"],
    ["0", "|0"],
    ["a1/0.0", "a1/|0.0"],
    ["a/c/0/1", "a/c/|0/1"],
    ["c/0/1", "c/|0/1"],
    ["a/c.0.1", "a/c.|0.1"],
    ["c.5", "c.|5"],
    ["a/c", "a/c|"],
    ["c", "c|"],
    ["a/00/1", "a/00/|1"],
    ["a/1.02/3", "a/1.02/|3"],
    ["a/4294967295", "a/|4294967295"],
    ["a/4294967296", undefined],
    ["a/99999999999999999999999/1", "a/99999999999999999999999/|1"],
    ["a/00", undefined],
    ["a/1.", undefined],
    ["a/.1", undefined],
    ["a/1..2", undefined],
    ["a/1/", undefined],
    ["a//1", "a//|1"],
    ["abc", undefined],
    ["a/.zarray", undefined],
    ["v1.2", undefined],
    ["a/x1", undefined],
    ["", undefined],
    ["/", undefined],
    [".", undefined],
  ];
  for (const [key, tail] of cases) assert.equal(tailOf(key), tail, key);
});

Deno.test("an absurdly long key is read in no time and makes no chunk", () => {
  assert.equal(tailOf("00/".repeat(300_000) + "1"), "00/".repeat(300_000) + "|1");
  assert.notEqual(tailOf("1/".repeat(300_000) + "1"), undefined);
});
