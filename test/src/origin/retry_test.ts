import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import { RetryBudget } from "../../../src/origin/retry.ts";
import { answerOf, hostOf } from "./fake_store.ts";

const url = new URL("https://data.example/a");

/** An origin that fails with each of `codes` in turn, then gives a byte. */
function failing(codes: Array<OriginError["code"]>, budget = new RetryBudget()) {
  let tries = 0;
  const read = () => {
    const code = codes[tries++];
    return code ? Promise.reject(new OriginError(code, "down")) : Promise.resolve(answerOf(1));
  };
  const origin = hostOf(read, undefined, undefined, budget);
  return { origin, tries: () => tries };
}

Deno.test("only what is passing is tried again, and at most twice", async () => {
  const cases: Array<[Array<OriginError["code"]>, tries: number, ok: boolean]> = [
    [[], 1, true],
    [["origin-unavailable"], 2, true],
    [["origin-unavailable", "origin-unavailable"], 3, true],
    [["origin-unavailable", "origin-unavailable", "origin-unavailable"], 3, false],
    [["origin-unavailable", "source-changed"], 2, false],
    [["source-changed"], 1, false],
    [["origin-range-mismatch"], 1, false],
    [["reference-unreachable"], 1, false],
    [["origin-timeout"], 1, false],
    [["overloaded"], 1, false],
  ];
  for (const [codes, tries, ok] of cases) {
    const tried = failing(codes);
    const read = tried.origin.read({ url }, undefined);
    if (ok) assert.equal((await read).length, 1);
    else await assert.rejects(read, (fault: OriginError) => fault.code === codes.at(-1));
    assert.equal(tried.tries(), tries, codes.join());
  }
});

Deno.test("a host that keeps failing uses up its budget; successes fill it again", async () => {
  const budget = new RetryBudget(3);
  const forever = Array.from({ length: 100 }, () => "origin-unavailable" as const);
  const tried = failing(forever, budget);
  for (let i = 0; i < 5; i++) await assert.rejects(tried.origin.read({ url }, undefined));
  assert.equal(tried.tries(), 5 + 3);
  const well = failing([], budget);
  for (let i = 0; i < 11; i++) await well.origin.read({ url }, undefined);
  const again = failing(["origin-unavailable", "origin-unavailable"], budget);
  await assert.rejects(again.origin.read({ url }, undefined));
  assert.equal(again.tries(), 2);
});

Deno.test("a reader that leaves is not kept by a retry's delay", async () => {
  const controller = new AbortController();
  const tried = failing(["origin-unavailable", "origin-unavailable", "origin-unavailable"]);
  const reading = tried.origin.read({ url }, undefined, { signal: controller.signal });
  controller.abort();
  await assert.rejects(reading);
  assert.equal(tried.tries(), 1);
});

Deno.test("a try after one that heard nothing of the host is made over a new connection", async () => {
  const seen: unknown[] = [];
  const faults = [
    new OriginError("origin-unavailable", "busy", { originStatus: 503 }),
    new OriginError("origin-unavailable", "reset"),
  ];
  const origin = hostOf((_file, _range, { fresh }) => {
    seen.push(fresh);
    const fault = faults.shift();
    return fault ? Promise.reject(fault) : Promise.resolve(answerOf(1));
  });
  await origin.read({ url }, undefined);
  assert.deepEqual(seen, [false, false, true]);
});
