/** Broken HDF5 files: whatever is wrong with one is a fault with a name; nothing hangs, and little is read. */

import assert from "node:assert/strict";
import { hdf5 } from "../../../manifests/hdf5/mod.ts";
import { SluiceError } from "../../../src/errors.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FILES = new URL("../../fixtures/hdf5/", import.meta.url);
const PLACE = "https://h/broken.h5";
/** Reads of the origin that a file of at most 64 KB may cost. */
const MAX_READS = 200;

/** Broken ones a file. */
const BROKEN = Math.ceil(ROUNDS / 8);

/** Looks at every node, and at some chunks of every array. @returns faults that were met */
async function walk(manifest: Manifest, path = "", depth = 0): Promise<number> {
  assert.ok(depth < 70, "the hierarchy ends");
  let faults = 0;
  for (const name of await manifest.children(path)) {
    const child = path === "" ? name : `${path}/${name}`;
    faults += await named(async () => {
      const node = await manifest.node(child);
      assert.ok(node, child);
      if (node.type === "group") {
        faults += await walk(manifest, child, depth + 1);
        return;
      }
      const zeros = node.metadata.shape.map(() => 0);
      await manifest.chunk(child, zeros);
      await manifest.chunk(child, node.layout!.grid.map((count) => Math.max(0, count - 1)));
      let rows = 0;
      for await (const table of manifest.refs(child)) {
        rows += table.rows;
        if (rows > 100_000) break;
      }
    });
  }
  return faults;
}

/** @returns 1 if a fault was thrown */
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

async function faultsOf(bytes: Uint8Array): Promise<number> {
  const { origin, asked } = memoryOrigin({ [PLACE]: bytes });
  let faults = 0;
  faults += await named(async () => {
    const manifest = await hdf5.open(new URL(PLACE), origin, openOptions());
    faults += await walk(manifest);
  });
  assert.ok(asked.length <= MAX_READS, `${asked.length} reads`);
  return faults;
}

for (const name of ["tree_earliest.h5", "tree_latest.h5", "netcdf.nc"]) {
  Deno.test(`${name}: ${BROKEN} broken ones are read or refused, seed ${SEED}`, async () => {
    const sound = await Deno.readFile(new URL(name, FILES));
    assert.equal(await faultsOf(sound), 0, "the file itself is sound");
    const random = randomNumbers(SEED);
    let refused = 0;
    for (let round = 0; round < BROKEN; round++) {
      if (await faultsOf(mutated(sound, random)) > 0) refused++;
    }
    assert.ok(refused > BROKEN / 20, `${refused} refused`);
  });

  Deno.test(`${name}: addresses that lead elsewhere, or in a circle, end in a fault, seed ${SEED}`, async () => {
    const sound = await Deno.readFile(new URL(name, FILES));
    const random = randomNumbers(SEED + 1);
    const view = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
    const addresses: number[] = [];
    for (let at = 0; at + 8 <= sound.length; at++) {
      const address = view.getBigUint64(at, true);
      if (address > 32n && address < BigInt(sound.length)) addresses.push(at);
    }
    for (let round = 0; round < BROKEN; round++) {
      const bytes = sound.slice();
      const from = addresses[random(addresses.length)];
      const to = addresses[random(addresses.length)];
      bytes.set(sound.subarray(to, to + 8), from);
      await faultsOf(bytes);
    }
  });

  Deno.test(`${name}: cut short anywhere, it is refused, as libhdf5 refuses it`, async () => {
    const sound = await Deno.readFile(new URL(name, FILES));
    for (let end = 0; end < sound.length; end += Math.ceil(sound.length / 60)) {
      assert.equal(await faultsOf(sound.slice(0, end)), 1, `${end} bytes`);
    }
  });
}
