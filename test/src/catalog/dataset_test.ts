import assert from "node:assert/strict";
import { ByteCache } from "../../../src/byte_cache.ts";
import { datasetDefaults } from "../../../src/catalog/catalog_file.ts";
import { Dataset } from "../../../src/catalog/dataset.ts";
import { AbsentKey, OriginError, SluiceError } from "../../../src/errors.ts";
import type { Manifest } from "../../../src/manifest.ts";
import type { Origin } from "../../../src/origin/origin.ts";

/** A dataset whose index is scripted, on a clock of its own. */
function scripted(config: Record<string, unknown> = {}, facts: Partial<Manifest> = {}) {
  const script = {
    now: 1000,
    reads: 0,
    log: [] as string[],
    fault: undefined as SluiceError | undefined,
    dataset: undefined as unknown as Dataset,
  };
  const look = () => {
    script.reads++;
    return script.fault ? Promise.reject(script.fault) : Promise.resolve(manifest);
  };
  const manifest = { version: "1", pinned: false, refresh: look, ...facts } as unknown as Manifest;
  script.dataset = new Dataset(
    "set",
    { ...datasetDefaults("set.json", []), ...config },
    new URL("http://origin/set.json"),
    {
      openManifest: look,
      originFor: () => ({}) as Origin,
      cache: new ByteCache(1 << 20),
      log: (event, fields) => script.log.push(`${event} ${fields.dataset} ${fields.ageSeconds}`),
      now: () => script.now,
    },
  );
  return script;
}

const down = () => new OriginError("origin-unavailable", "The origin is failing");

Deno.test("a broken index is tried once, then left alone for a growing while, 30 seconds at most", async () => {
  const script = scripted();
  script.fault = down();
  const triedAt: number[] = [];
  for (script.now = 0; script.now < 180_000; script.now += 250) {
    const { reads } = script;
    await Promise.all(
      [1, 2, 3].map(() =>
        assert.rejects(script.dataset.manifest(), { code: "origin-unavailable" })
      ),
    );
    if (script.reads > reads) triedAt.push(script.now / 1000);
    assert.ok(script.reads - reads <= 1);
  }
  assert.deepEqual(triedAt, [0, 1, 3, 7, 15, 31, 61, 91, 121, 151]);
  script.fault = undefined;
  script.now = 181_000;
  assert.equal((await script.dataset.manifest()).version, "1");
  // The next failure starts from the beginning.
  script.fault = down();
  script.now += 61_000;
  await assert.rejects(script.dataset.manifest());
  script.fault = undefined;
  script.now += 1000;
  await script.dataset.manifest();
});

Deno.test("a good index that cannot be looked at fails, or is served on for staleIfError seconds with a line in the log", async () => {
  for (const staleIfError of [0, 100]) {
    const script = scripted({ staleIfError });
    await script.dataset.manifest();
    script.fault = down();
    script.now += 61_000;
    if (staleIfError === 0) {
      await assert.rejects(script.dataset.manifest());
      assert.deepEqual(script.log, []);
      continue;
    }
    for (let i = 0; i < 5; i++) assert.equal((await script.dataset.manifest()).version, "1");
    assert.equal(script.reads, 2, "one failed look");
    assert.deepEqual(script.log, ["index-stale set 61"]);
    const manifest = await script.dataset.manifest();
    assert.equal(script.dataset.absent("a", undefined, manifest).maxAge, 0, "no absence is kept");
    script.now += 60_000;
    assert.equal((await script.dataset.manifest()).version, "1");
    script.now += 40_000;
    await assert.rejects(script.dataset.manifest(), { code: "origin-unavailable" });
  }
});

Deno.test("a version that the index does not have costs one read each maxAge, and is never served stale", async () => {
  const script = scripted({ maxAge: 300, staleIfError: 1000 });
  script.fault = new SluiceError("not-found", "There is no such version");
  for (let i = 0; i < 50; i++) {
    await assert.rejects(
      script.dataset.manifest("made-up"),
      (error) => error instanceof AbsentKey && error.maxAge === 60,
    );
    script.now += 1000;
  }
  assert.equal(script.reads, 1);
  script.now += 300_000;
  await assert.rejects(script.dataset.manifest("made-up"));
  assert.equal(script.reads, 2);
});

Deno.test("an absence is kept until the index is looked at again, a minute at most", async () => {
  const cases: Array<[config: Record<string, unknown>, facts: Partial<Manifest>, maxAge: number]> =
    [
      [{ maxAge: 0 }, {}, 0],
      [{ maxAge: 30 }, {}, 20],
      [{ maxAge: 300 }, {}, 60],
      [{ maxAge: 300 }, { absentObjects: true }, 0],
      [{ maxAge: 300 }, { pinned: true }, 60],
    ];
  for (const [config, facts, expected] of cases) {
    const script = scripted(config, facts);
    const manifest = await script.dataset.manifest();
    script.now += 10_000;
    const { maxAge } = script.dataset.absent("a", undefined, manifest);
    assert.equal(maxAge, expected, JSON.stringify({ config, facts }));
  }
});

Deno.test("an index heavier than the cache is refused at once, not opened again for every request", async () => {
  const script = scripted({}, { heldBytes: 2 ** 20 });
  for (let i = 0; i < 5; i++) {
    await assert.rejects(script.dataset.manifest(), {
      code: "index-too-large",
      message: /^The index holds \d+ bytes; limits\.indexCacheBytes is 1048576$/,
    });
  }
  assert.equal(script.reads, 1);
});
