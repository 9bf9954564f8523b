import assert from "node:assert/strict";
import { entityTag, RangeTags } from "../../../src/http/entity_tag.ts";

Deno.test("an entity tag is 96 bits of SHA-256 in quotes", () => {
  assert.equal(entityTag("abc"), '"ba7816bf8f01cfea414140de"');
  assert.equal(entityTag(new TextEncoder().encode("abc")), '"ba7816bf8f01cfea414140de"');
});

Deno.test("ranges have the same tag only if file, offset and length are the same", () => {
  const tags = new RangeTags();
  const seen = new Set<string>();
  const ranges = [[0, 1], [1, 0], [0, 11], [1, 1], [35, 36], [36, 35], [2 ** 52, 2 ** 32]];
  for (const file of ["a", "b", "a\nb"]) {
    for (const [offset, length] of ranges) seen.add(tags.tag(file, offset, length));
  }
  assert.equal(seen.size, 3 * ranges.length);
  for (const tag of seen) assert.match(tag, /^"[\x21\x23-\x7e]+"$/);
});

Deno.test("a file's tags are the same after its hash was forgotten, and for another dataset", () => {
  const tags = new RangeTags();
  const first = tags.tag("file 0", 5, 6);
  for (let i = 1; i < 3000; i++) tags.tag(`file ${i}`, 5, 6);
  assert.equal(tags.tag("file 0", 5, 6), first);
  assert.equal(new RangeTags().tag("file 0", 5, 6), first);
});
