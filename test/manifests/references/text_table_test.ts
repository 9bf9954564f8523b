import assert from "node:assert/strict";
import { TextTable } from "../../../manifests/references/text_table.ts";

const encoder = new TextEncoder();

Deno.test("distinct texts have numbers in order of appearance, equal texts the same", () => {
  const table = new TextTable();
  const texts = ["", "a", "b", "ab", "ba", "grüße", "\ufeffmark", "a\0b"];
  assert.deepEqual(texts.map((text) => table.add(encoder.encode(text))), texts.map((_, i) => i));
  assert.deepEqual(texts.map((text) => table.add(encoder.encode(text))), texts.map((_, i) => i));
  assert.deepEqual(texts.map((_, i) => table.list.text(i)), texts);
  const around = encoder.encode("<ab>");
  assert.equal(table.add(around, 1, 3), 3);
});

Deno.test("20,000 texts are kept apart, before and after trimming", () => {
  const table = new TextTable();
  const text = (i: number) => `s3://bucket/${i * 7919 % 20_011}/file.nc`;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) assert.equal(table.add(encoder.encode(text(i))), i);
  }
  const { list } = table;
  const before = list.heldBytes;
  assert.ok(list.trim().heldBytes < before);
  for (let i = 0; i < 20_000; i++) assert.equal(list.text(i), text(i));
});
