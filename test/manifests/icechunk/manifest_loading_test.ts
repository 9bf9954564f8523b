/** Large manifests, which answer before they are in the cache. */

import assert from "node:assert/strict";
import type { ManifestFile } from "../../../manifests/icechunk/manifest_file.ts";
import { ManifestLoading } from "../../../manifests/icechunk/manifest_loading.ts";
import { Repository } from "../../../manifests/icechunk/repository.ts";
import { ByteCache } from "../../../src/byte_cache.ts";
import { IndexError } from "../../../src/errors.ts";
import { type Arrays, manifest, NODE } from "./build_manifest.ts";
import { fixtureFiles, MemoryOrigin, REPO_URL } from "./fixture.ts";

const ID = "1CECHNKREP0F1RSTCMT0";
const ROWS = 100_000;
const MAX_BYTES = 1 << 26;

const rows = (count: number): Arrays => ({
  refs: Array.from({ length: count }, (_, i) => ({
    index: [i],
    location: `s3://b/${i % 7}`,
    offset: BigInt(i) * 3n,
    length: 3n,
  })),
});
/** Rows of which the last two have changed places. */
function disordered(count: number): Arrays {
  const { refs } = rows(count);
  [refs[count - 1], refs[count - 2]] = [refs[count - 2], refs[count - 1]];
  return { refs };
}

const body = (arrays: Arrays) => new Uint8Array(manifest([arrays]));

function offsetOf(file: ManifestFile | undefined, i: number): number | undefined {
  const refs = file?.arrays.get(NODE);
  const row = refs?.find([i]) ?? -1;
  return row < 0 ? undefined : refs!.offset.get(row);
}

Deno.test("a large manifest answers at once, between the steps, and when they are done", () => {
  const loading = new ManifestLoading(body(rows(ROWS)), ID, MAX_BYTES);
  let steps = 0;
  do {
    for (const i of [0, steps, ROWS - 1]) {
      const excerpt = loading.excerpt(NODE, [i]);
      assert.equal(offsetOf(excerpt, i), 3 * i);
      assert.ok(excerpt!.bytes < 10_000);
    }
    assert.equal(loading.excerpt(NODE, [ROWS]), undefined);
    steps++;
  } while (!loading.step());
  assert.ok(steps > 2);
  assert.equal(loading.step(), loading.excerpt(NODE, [5]));
  for (const i of [0, 70_000, ROWS - 1]) assert.equal(offsetOf(loading.step()!, i), 3 * i);
});

Deno.test("a fault found on the way is every later answer", () => {
  const loading = new ManifestLoading(body(disordered(ROWS)), ID, MAX_BYTES);
  assert.equal(offsetOf(loading.excerpt(NODE, [1]), 1), 3);
  assert.throws(() => {
    while (!loading.step());
  }, IndexError);
  assert.throws(() => loading.step(), IndexError);
  assert.throws(() => loading.excerpt(NODE, [1]), IndexError);
});

Deno.test("another object, and no FlatBuffer at all, are refused on arrival", () => {
  assert.throws(() => new ManifestLoading(body(rows(1)), "0".repeat(20), MAX_BYTES), IndexError);
  assert.throws(() => new ManifestLoading(new Uint8Array(3), ID, MAX_BYTES), IndexError);
});

/** A repository of one manifest file. */
function repository(arrays: Arrays, cacheBytes = MAX_BYTES) {
  const [, header] = [...fixtureFiles(2)].find(([name]) => name.startsWith("manifests/"))!;
  const file = new Uint8Array([...header.subarray(0, 38), 0, ...body(arrays)]);
  const origin = new MemoryOrigin(new Map([[`manifests/${ID}`, file]]));
  const cache = new ByteCache(cacheBytes);
  const found = new Repository(REPO_URL, origin, { cache, maxIndexBytes: MAX_BYTES });
  const info = { id: ID, bytes: file.length, refs: arrays.refs.length };
  return { found, origin, info };
}

Deno.test("a large manifest is read once, and in the cache after some lookups or some time", async () => {
  for (const byLookups of [true, false]) {
    const { found, origin, info } = repository(rows(ROWS));
    const first = await Promise.all(
      [1, 2, 3].map(async (i) => offsetOf(await found.manifestWith(info, NODE, [i]), i)),
    );
    assert.deepEqual(first, [3, 6, 9]);
    for (let i = 0; found.manifestAtHand(ID) === undefined; i++) {
      if (byLookups) {
        assert.equal(offsetOf(await found.manifestWith(info, NODE, [i]), i), 3 * i);
      } else await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.equal(offsetOf(found.manifestAtHand(ID)!, ROWS - 1), 3 * (ROWS - 1));
    assert.equal(await found.manifest(info), found.manifestAtHand(ID));
    assert.deepEqual(origin.asked, [`manifests/${ID}`]);
    // Whatever timer is left finds nothing to do.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

Deno.test("a large manifest that is malformed is refused once that is known, and that failed to come is asked for again", async () => {
  const broken = repository(disordered(ROWS));
  assert.equal(offsetOf(await broken.found.manifestWith(broken.info, NODE, [1]), 1), 3);
  await assert.rejects(broken.found.manifest(broken.info), IndexError);
  await assert.rejects(broken.found.manifestWith(broken.info, NODE, [1]), IndexError);
  await new Promise((resolve) => setTimeout(resolve, 5));

  const { found, origin, info } = repository(rows(ROWS));
  const files = new Map(origin.files);
  origin.files.clear();
  await assert.rejects(found.manifestWith(info, NODE, [1]));
  for (const [name, bytes] of files) origin.put(name, bytes);
  assert.equal(offsetOf(await found.manifestWith(info, NODE, [1]), 1), 3);
  while (!found.manifestAtHand(ID)) await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("what is not found in a large manifest is absent only once all of it is known to be in order", async () => {
  // A search by halves misses every row but the middle one.
  const { refs } = rows(ROWS);
  const backwards = repository({ refs: refs.reverse() });
  await assert.rejects(backwards.found.manifestWith(backwards.info, NODE, [1]), IndexError);
  await assert.rejects(backwards.found.manifestWith(backwards.info, NODE, [1]), IndexError);

  const ordered = repository(rows(ROWS));
  const file = await ordered.found.manifestWith(ordered.info, NODE, [ROWS]);
  assert.equal(offsetOf(file, ROWS), undefined);
  assert.equal(file, ordered.found.manifestAtHand(ID));
});

Deno.test("a manifest heavier than the cache is refused at once, and not read again", async () => {
  for (const count of [1000, ROWS]) {
    const arrays = {
      refs: Array.from({ length: count }, (_, i) => (
        {
          index: [i * 3 % 7 + 7 * i],
          location: `s3://b/${Math.imul(i, 40503)}`,
          length: BigInt(1 + i % 5),
        }
      )),
    };
    const { found, origin, info } = repository(arrays, count * 8);
    const refused = { code: "index-too-large", message: /limits\.indexCacheBytes/ };
    for (let i = 0; i < 3; i++) {
      await assert.rejects(found.manifestWith(info, NODE, [1]), refused);
      await assert.rejects(found.manifest(info), refused);
    }
    assert.deepEqual(origin.asked, [`manifests/${ID}`], `${count}`);
  }
});
