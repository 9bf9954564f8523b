import assert from "node:assert/strict";
import { Linked, LinkedList } from "../../src/linked_list.ts";

class Item extends Linked {
  constructor(readonly name: string) {
    super();
  }
}

/** Empties the list from its front. */
function drain(list: LinkedList<Item>): string {
  let names = "";
  for (let item; (item = list.first);) {
    names += item.name;
    list.delete(item);
  }
  return names;
}

Deno.test("items stay in the order in which they were added, whichever are taken out", () => {
  for (const out of ["", "a", "b", "c", "ab", "ca", "bc", "abc", "cba"]) {
    const list = new LinkedList<Item>();
    const items = ["a", "b", "c"].map((name) => new Item(name));
    for (const item of items) list.add(item);
    for (const name of out) list.delete(items.find((item) => item.name === name)!);
    assert.equal(drain(list), [..."abc"].filter((name) => !out.includes(name)).join(""), out);
    for (const item of items) list.add(item);
    assert.equal(drain(list), "abc");
  }
});

Deno.test("taking out what is not in the list changes nothing; what is out points to nothing", () => {
  const [list, other] = [new LinkedList<Item>(), new LinkedList<Item>()];
  const [a, b, c] = ["a", "b", "c"].map((name) => new Item(name));
  for (const item of [a, b]) list.add(item);
  other.add(c);
  list.delete(c);
  list.delete(b);
  list.delete(b);
  assert.deepEqual([b.list, b.before, b.behind], [undefined, undefined, undefined]);
  assert.equal(drain(list), "a");
  assert.equal(drain(other), "c");
});
