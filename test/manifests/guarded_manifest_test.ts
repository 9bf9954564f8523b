import assert from "node:assert/strict";
import { GuardedManifest } from "../../manifests/guarded_manifest.ts";
import { openManifest } from "../../manifests/mod.ts";
import { OriginError } from "../../src/errors.ts";
import type { Manifest } from "../../src/manifest.ts";
import { memoryOrigin, openOptions } from "./memory_origin.ts";

/** Every method throws `fault`, at once or later. */
function broken(fault: unknown, isLate: boolean): Manifest {
  const fail = () => {
    if (isLate) return Promise.reject(fault);
    throw fault;
  };
  return {
    version: "12345678",
    pinned: false,
    node: fail,
    children: fail,
    chunk: fail,
    // deno-lint-ignore require-yield
    async *refs() {
      await fail();
    },
    refresh: fail,
    doubts: fail,
    report: fail,
  };
}

async function calls(manifest: Manifest, check: (call: Promise<unknown>) => Promise<void>) {
  await check(manifest.node("a/b"));
  await check(manifest.children("a/b"));
  await check(manifest.chunk("a/b", [0]));
  await check((async () => {
    for await (const _ of manifest.refs("a/b"));
  })());
  await check(manifest.refresh());
  await check(manifest.doubts!());
  await check(manifest.report!());
}

Deno.test("what a reader did not expect is index-invalid with the place, whatever it throws", async () => {
  for (const fault of [new RangeError("Invalid array length"), new TypeError("x"), "text"]) {
    for (const isLate of [false, true]) {
      const manifest = new GuardedManifest(broken(fault, isLate), "toy");
      await calls(manifest, (call) =>
        assert.rejects(call, (error: Error & { code?: string }) => {
          assert.equal(error.code, "index-invalid");
          assert.match(error.message, /^The toy index cannot be read .*/);
          assert.doesNotMatch(error.message, /array length/);
          assert.equal(error.cause, fault);
          return true;
        }));
      await assert.rejects(manifest.chunk("a/b", [0]), /for a chunk of "a\/b"/);
    }
  }
});

Deno.test("faults of the table and what a signal threw stay what they are", async () => {
  const faults = [new OriginError("origin-timeout", "late"), new DOMException("", "AbortError")];
  for (const fault of faults) {
    const manifest = new GuardedManifest(broken(fault, true), "toy");
    await calls(manifest, (call) => assert.rejects(call, (error) => error === fault));
  }
});

Deno.test("what an index cannot tell, its guard cannot either, and an unchanged one stays the same", async () => {
  const { report: _, doubts: __, ...rest } = broken(new Error(), false);
  const inner: Manifest = { ...rest, refresh: () => Promise.resolve(inner) };
  const manifest = new GuardedManifest(inner, "toy");
  assert.equal(manifest.report, undefined);
  assert.equal(manifest.doubts, undefined);
  assert.equal(manifest.versions, undefined);
  assert.equal(await manifest.refresh(), manifest);
});

Deno.test("an exception while an index is opened or sniffed is index-invalid, too", async () => {
  const { origin, faults } = memoryOrigin({});
  faults.set("https://h/refs.json", new TypeError("undefined is not a function"));
  const options = openOptions();
  await assert.rejects(openManifest(new URL("https://h/refs.json"), origin, options), {
    code: "index-invalid",
    message:
      "The kerchunk-json index cannot be read at its beginning: it is not as its format says",
  });
});
