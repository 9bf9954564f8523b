/** Broken zips: each is read or refused with a named fault; nothing hangs, and little is read. */

import assert from "node:assert/strict";
import { zip } from "../../../manifests/zip/mod.ts";
import { SluiceError } from "../../../src/errors.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FOLDER = new URL("../../fixtures/zip/", import.meta.url);
const PLACE = new URL("https://h/broken.zip");
const MAX_READS = 50;

/** Broken ones a file. */
const BROKEN = Math.ceil(ROUNDS / 4);

async function named(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (fault) {
    assert.ok(fault instanceof SluiceError, `${(fault as Error).stack}`);
    assert.match(fault.code, /^(?:index-(?:invalid|too-large)|chunk-invalid)$/);
    return 1;
  }
}

async function walk(manifest: Manifest, path = ""): Promise<number> {
  let faults = 0;
  for (const name of await manifest.children(path)) {
    const child = path === "" ? name : `${path}/${name}`;
    faults += await named(async () => {
      const node = await manifest.node(child);
      assert.ok(node, child);
      if (node.type === "group") {
        faults += await walk(manifest, child);
        return;
      }
      for await (const table of manifest.refs(child)) assert.ok(table.rows > 0);
      await manifest.chunk(child, node.metadata.shape.map(() => 0));
    });
  }
  return faults;
}

async function faultsOf(bytes: Uint8Array): Promise<number> {
  const { origin, asked } = memoryOrigin({ [PLACE.href]: bytes });
  let faults = 0;
  faults += await named(async () => {
    faults += await walk(await zip.open(PLACE, origin, openOptions()));
  });
  assert.ok(asked.length <= MAX_READS, `${asked.length} reads`);
  return faults;
}

for (const name of ["v3_stored.zarr.zip", "v2_streamed.zip", "v3_zip64.ozx"]) {
  Deno.test(`${name}: ${BROKEN} broken ones are read or refused, seed ${SEED}`, async () => {
    const sound = await Deno.readFile(new URL(name, FOLDER));
    assert.equal(await faultsOf(sound), 0, "the file itself is sound");
    const random = randomNumbers(SEED);
    let refused = 0;
    for (let round = 0; round < BROKEN; round++) {
      if (await faultsOf(mutated(sound, random)) > 0) refused++;
      // the directory alone, which everything hangs on
      const end = Math.floor(sound.length * 0.8);
      const tail = mutated(sound.subarray(end), random);
      const changed = new Uint8Array(end + tail.length);
      changed.set(sound.subarray(0, end));
      changed.set(tail, end);
      if (await faultsOf(changed) > 0) refused++;
    }
    assert.ok(refused > BROKEN / 4, `${refused} refused`);
  });
}
