import assert from "node:assert/strict";
import { documentPart } from "./matrix_document.ts";
import { MATRIX_SECTIONS, type MatrixFault } from "./matrix_faults.ts";
import { MATRIX_READS, type MatrixRead, SNIFFED_READS } from "./matrix_reads.ts";
import { measure, type Measured } from "./matrix_run.ts";
import { matrixTable } from "./matrix_table.ts";

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
    const cells = MATRIX_READS.filter((read) => fault.expect(read) !== null);
    const row = rowOf(fault, cells);
    for (const read of cells) {
      const expected = fault.expect(read);
      const article = read.kind === "index" ? "an" : "a";
      const subject = `${read.format}: ${article} ${read.kind} read (${read.name})`;
      Deno.test(`${subject} is ${expected} when ${fault.name}`, async () => {
        const measured = (await row()).get(read)!;
        if (measured instanceof Error) throw measured;
        assert.equal(measured.outcome, expected);
        assert.deepEqual(measured.breaches, []);
      });
    }
  }
}

for (const fault of MATRIX_SECTIONS.flatMap(({ faults }) => faults)) {
  const isOfFiles = fault.fault && fault.times === undefined && fault.fault.kind !== "changed-tag";
  const cells = SNIFFED_READS.filter((read) => isOfFiles && fault.expect(read) !== null);
  const row = rowOf(fault, cells);
  for (const read of cells) {
    const subject = `${read.format} of no named format (${read.name})`;
    Deno.test(`${subject}: an index read is 502, 503 or 504 when ${fault.name}`, async () => {
      const measured = (await row()).get(read)!;
      if (measured instanceof Error) throw measured;
      assert.match(String(measured.outcome), /^50[234] /);
      assert.deepEqual(measured.breaches, []);
    });
  }
}

Deno.test("docs/faults.md keeps the matrix", () => {
  const table = matrixTable((fault, read) => fault.expect(read));
  assert.equal(documentPart("matrix"), table, "deno task test:faults --write");
});
