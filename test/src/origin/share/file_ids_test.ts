import assert from "node:assert/strict";
import { FileIds } from "../../../../src/origin/share/file_ids.ts";

Deno.test("a file in a state has one number, whichever URL object names it", () => {
  const ids = new FileIds();
  const url = new URL("https://data.example/a");
  const states = [
    {},
    { epoch: "1" },
    { epoch: "2" },
    { epoch: "1", validator: { etag: '"x"' } },
    { epoch: "1", validator: { etag: '"x"', lastModified: 1 } },
    { epoch: "1", validator: { lastModified: 1 } },
  ];
  const numbers = states.map((state) => ids.of(url, state));
  assert.equal(new Set(numbers).size, states.length);
  assert.deepEqual(states.map((state) => ids.of(new URL(url), state)), numbers);
  assert.ok(!numbers.includes(ids.of(new URL("https://data.example/b"), {})));
});

Deno.test("a URL object that is changed has another number", () => {
  const ids = new FileIds();
  const url = new URL("https://data.example/a");
  const before = ids.of(url, { epoch: "1" });
  url.pathname = "/b";
  assert.notEqual(ids.of(url, { epoch: "1" }), before);
});

Deno.test("a number is never given twice, however many files were forgotten", () => {
  const ids = new FileIds();
  const numbers = new Set<number>();
  for (let i = 0; i < 25_000; i++) {
    numbers.add(ids.of(new URL(`https://data.example/${i}`), { epoch: "1" }));
  }
  assert.equal(numbers.size, 25_000);
});
