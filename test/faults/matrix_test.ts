import assert from "node:assert/strict";
import { FORMATS } from "../../manifests/mod.ts";
import { MATRIX_SECTIONS, type MatrixFault } from "./matrix_faults.ts";
import { MATRIX_READS, type MatrixRead } from "./matrix_reads.ts";
import { measure, type Measured } from "./matrix_run.ts";

const reads = MATRIX_READS.filter(({ format }) => FORMATS.some(({ name }) => name === format));

/**
 * All cells of a row at once, and once: whichever test is first waits for all of them, so that none
 * is under way when a test ends.
 */
function rowOf(
  fault: MatrixFault,
  cells: readonly MatrixRead[],
): () => Promise<Map<MatrixRead, Measured | Error>> {
  let row: Promise<Map<MatrixRead, Measured | Error>> | undefined;
  return () =>
    row ??= Promise.all(cells.map(async (read) => {
      const measured = await measure(fault, read).catch((error: Error) => error);
      return [read, measured] as const;
    })).then((entries) => new Map(entries));
}

for (const { faults } of MATRIX_SECTIONS) {
  for (const fault of faults) {
    const cells = reads.filter((read) => fault.expect(read) !== null);
    const row = rowOf(fault, cells);
    for (const read of cells) {
      const expected = fault.expect(read);
      const subject = `${read.format}: a ${read.kind} read (${read.name})`;
      Deno.test(`${subject} is ${expected} when ${fault.name}`, async () => {
        const measured = (await row()).get(read)!;
        if (measured instanceof Error) throw measured;
        assert.equal(measured.outcome, expected);
        assert.deepEqual(measured.breaches, []);
      });
    }
  }
}
