/** Broken NetCDF-3 files: whatever is wrong with one is a fault with a name, and no chunk lies outside of it. */

import assert from "node:assert/strict";
import { netcdf3 } from "../../../manifests/netcdf3/mod.ts";
import { SluiceError } from "../../../src/errors.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const FILES = new URL("../../fixtures/netcdf3/", import.meta.url);
const PLACE = "https://h/broken.nc";
/** Requests that opening a file of some KB may cost. */
const MAX_REQUESTS = 4;

/** Opens a file and looks at every array. @returns 1 if it is refused */
async function refusals(bytes: Uint8Array): Promise<number> {
  const { origin, asked } = memoryOrigin({ [PLACE]: bytes });
  try {
    const manifest = await netcdf3.open(new URL(PLACE), origin, openOptions());
    for (const name of await manifest.children("")) {
      const node = await manifest.node(name);
      assert.ok(node?.type === "array", name);
      const { grid } = node.layout!;
      for (const coords of [grid.map(() => 0), grid.map((count) => count - 1)]) {
        const ref = await manifest.chunk(name, coords);
        const range = ref?.kind === "concat" ? ref.parts[0] : ref;
        if (range === undefined) continue;
        assert.ok(range.kind === "range" && range.length > 0, name);
        assert.ok(range.offset + range.length <= bytes.length, name);
      }
      let rows = 0;
      for await (const table of manifest.refs(name)) rows += table.rows;
      assert.equal(rows, node.layout!.chunks);
    }
    return 0;
  } catch (fault) {
    assert.ok(fault instanceof SluiceError, `${(fault as Error).stack}`);
    assert.match(fault.code, /^index-(?:invalid|too-large)$/);
    return 1;
  } finally {
    assert.ok(asked.length <= MAX_REQUESTS, `${asked.length} requests`);
  }
}

for (const name of ["classic.nc", "offset.nc", "data.nc", "single.nc"]) {
  Deno.test(`${name}: ${ROUNDS} broken ones are read or refused, seed ${SEED}`, async () => {
    const sound = await Deno.readFile(new URL(name, FILES));
    assert.equal(await refusals(sound), 0, "the file itself is sound");
    const random = randomNumbers(SEED);
    let refused = 0;
    for (let i = 0; i < ROUNDS; i++) refused += await refusals(mutated(sound, random));
    assert.ok(refused > ROUNDS / 8, `${refused} refused`);
  });
}
