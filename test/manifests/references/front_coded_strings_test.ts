import assert from "node:assert/strict";
import { FrontCodedStringsBuilder } from "../../../manifests/references/front_coded_strings.ts";

/** A table of texts, and the number that each was given. */
function table(texts: string[]) {
  const parts = texts.map((text) => new TextEncoder().encode(text));
  const source = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const builder = new FrontCodedStringsBuilder(source);
  const starts = parts.map((part) => {
    source.set(part, at);
    return (at += part.length) - part.length;
  });
  const ids = parts.map(({ length }, i) => builder.add(starts[i], length));
  return { ids, finished: builder.finish(), source };
}

function check(texts: string[]) {
  const { ids, finished } = table(texts);
  // Backwards, and each after a far one, so that nothing depends on the order of lookups.
  for (let i = texts.length - 1; i >= 0; i--) {
    assert.equal(new TextDecoder().decode(finished.get(ids[i])), texts[i]);
  }
  assert.equal(finished.size, new Set(texts).size);
  assert.equal(new Set(ids).size, new Set(texts).size);
  return finished;
}

Deno.test("strings come back, equal ones under one number", () => {
  check(["a", "", "abc", "abd", "abd", "a", "", "b"]);
  check([]);
  check(Array.from({ length: 1000 }, (_, i) => `same/start/${i % 300}/${"x".repeat(i % 40)}`));
});

Deno.test("strings beyond what can be shared, and beyond one byte of length", () => {
  const long = "y".repeat(300);
  check([
    long,
    `${long}a`,
    `${long}b`,
    long.slice(1),
    "z".repeat(20_000),
    "z".repeat(20_001),
    long,
  ]);
});

Deno.test("neighbours that share most of their text take little room", () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `https://data.example.org/a/b/c/${i}.nc`);
  const finished = check(texts);
  assert.ok(finished.bytes < texts.join("").length / 3, `${finished.bytes}`);
});

Deno.test("slices that overlap without end are refused", () => {
  const source = new Uint8Array(100_000).map((_, i) => (i * 7919) >> 3);
  const builder = new FrontCodedStringsBuilder(source);
  assert.throws(() => {
    for (let i = 0; i < 50_000; i++) builder.add(i, 50_000);
  }, RangeError);
});

Deno.test("slices at one place cost their length once", () => {
  const source = new Uint8Array(10_000).map((_, i) => i * 31);
  const builder = new FrontCodedStringsBuilder(source);
  for (let i = 0; i < 100_000; i++) assert.equal(builder.add(16, 9_000), 0);
});

Deno.test("long strings are not compared with each other, and may not overlap", () => {
  const source = new Uint8Array(60_000).map((_, i) => i % 10_000 * 31 % 251);
  const builder = new FrontCodedStringsBuilder(source);
  const ids = [0, 10_000, 20_000, 10_000].map((start) => builder.add(start, 10_000));
  assert.deepEqual(ids, [0, 1, 2, 1]);
  assert.throws(() => {
    for (let i = 1; i < 5; i++) builder.add(i * 4096, 30_000);
  }, RangeError);
  const finished = builder.finish();
  assert.deepEqual(finished.get(2), source.slice(20_000, 30_000));
});
