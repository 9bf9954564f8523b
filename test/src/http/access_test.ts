import assert from "node:assert/strict";
import { authorize } from "../../../src/http/access.ts";
import { SluiceError } from "../../../src/errors.ts";
import { RateLimit } from "../../../src/http/rate_limit.ts";

const request = (authorization?: string) =>
  new Request("http://gateway/a/zarr.json", { headers: authorization ? { authorization } : {} });

Deno.test("authorize() lets everybody read an open dataset", () => {
  authorize(undefined, request());
});

Deno.test("authorize() takes any of the dataset's tokens, however Bearer is spelled", () => {
  authorize(["one", "two"], request("Bearer two"));
  authorize(["one", "two"], request("bearer one"));
});

for (
  const given of [undefined, "Bearer", "Bearer three", "Bearer on", "Bearer onee", "Basic one"]
) {
  Deno.test(`authorize() refuses ${given} with 401`, () => {
    assert.throws(
      () => authorize(["one", "two"], request(given)),
      (error) => error instanceof SluiceError && error.status === 401,
    );
  });
}

Deno.test("RateLimit admits a burst of two seconds' worth, then the rate, each key on its own", () => {
  const limit = new RateLimit(2);
  const admitted = (key: string, now: number) => {
    try {
      limit.admit(key, now);
      return true;
    } catch (error) {
      assert.ok(error instanceof SluiceError && error.status === 429);
      return false;
    }
  };
  assert.deepEqual([0, 0, 0, 0, 0].map((now) => admitted("a", now)), [
    true,
    true,
    true,
    true,
    false,
  ]);
  assert.ok(admitted("b", 0));
  assert.ok(admitted("a", 500));
  assert.ok(!admitted("a", 500));
  assert.ok(!admitted("a", 400), "a clock that runs back gives nothing");
});
