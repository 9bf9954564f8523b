import assert from "node:assert/strict";
import { Budget } from "../../src/budget.ts";
import { SluiceError } from "../../src/errors.ts";

function overloaded(fault: unknown): boolean {
  return fault instanceof SluiceError && fault.code === "overloaded";
}

/** What has become of takings, in order of arrival. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

Deno.test("takers wait in order, also those that need less than is left", async () => {
  const budget = new Budget(100);
  const first = await budget.take(60);
  const order: string[] = [];
  const big = budget.take(80).then((give) => (order.push("big"), give));
  const small = budget.take(10).then((give) => (order.push("small"), give));
  assert.equal(budget.tryTake(1), false, "nobody overtakes who waits");
  await settled();
  assert.deepEqual(order, []);
  first();
  first();
  await settled();
  assert.deepEqual(order, ["big", "small"]);
  assert.equal(budget.taken, 90, "given back once, however often it is said");
  (await big)();
  (await small)();
  assert.equal(budget.taken, 0);
});

Deno.test("what is larger than the budget waits until it has all of it", async () => {
  const budget = new Budget(100);
  const small = await budget.take(1);
  const huge = budget.take(1000);
  small();
  const give = await huge;
  assert.equal(budget.taken, 100);
  give();
  assert.equal(budget.taken, 0);
});

Deno.test("who leaves the line makes way; who finds it full is refused", async () => {
  const budget = new Budget(100, 2);
  const held = await budget.take(50);
  const leaving = new AbortController();
  const left = assert.rejects(budget.take(80, leaving.signal), overloaded);
  const next = budget.take(50);
  await assert.rejects(budget.take(1), overloaded);
  leaving.abort();
  await left;
  (await next)();
  held();
  assert.equal(budget.taken, 0);
});
