import assert from "node:assert/strict";
import { FileIds } from "../../../../src/origin/share/file_ids.ts";
import type { Validator } from "../../../../src/origin/source_file.ts";

const url = new URL("https://data.example/a");

Deno.test("a file in a state has one number, whichever object names it", () => {
  const ids = new FileIds();
  const states: Array<[epoch: string | undefined, validator?: Validator]> = [
    [undefined],
    ["1"],
    ["2"],
    ["1", { etag: '"x"' }],
    ["1", { etag: '"x"', lastModified: 1 }],
    ["1", { lastModified: 1 }],
  ];
  const number = (of: URL) =>
    states.map(([epoch, validator]) => ids.of({ url: of, validator }, epoch));
  const numbers = number(url);
  assert.equal(new Set(numbers).size, states.length);
  assert.deepEqual(number(new URL(url)), numbers);
  assert.ok(!numbers.includes(ids.of({ url: new URL("https://data.example/b") }, undefined)));
});

Deno.test("one file object has another number in each epoch", () => {
  const ids = new FileIds();
  const file = { url };
  const epochs = [undefined, "1", "2", undefined, "1", "2"];
  const numbers = epochs.map((epoch) => ids.of(file, epoch));
  assert.equal(new Set(numbers).size, 3);
  assert.deepEqual(numbers.slice(3), numbers.slice(0, 3));
});

Deno.test("a number is never given twice, however many files were forgotten", () => {
  const ids = new FileIds();
  const numbers = new Set<number>();
  for (let i = 0; i < 25_000; i++) {
    numbers.add(ids.of({ url: new URL(`https://data.example/${i}`) }, "1"));
  }
  assert.equal(numbers.size, 25_000);
});
