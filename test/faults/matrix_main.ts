/**
 * `deno task test:faults`: measures every cell of the fault matrix and prints the table of what it
 * found. Exits with 1 if a cell is not what HTTP.md says. `--write` puts what it says into docs/faults.md.
 */

import { writeDocumentPart } from "./matrix_document.ts";
import { MATRIX_SECTIONS, type MatrixFault } from "./matrix_faults.ts";
import { MATRIX_READS, type MatrixRead } from "./matrix_reads.ts";
import { measure, type Measured } from "./matrix_run.ts";
import { matrixTable } from "./matrix_table.ts";

const measured = new Map<MatrixFault, Map<MatrixRead, Measured>>();
const wrong: string[] = [];
let cells = 0;
for (const fault of MATRIX_SECTIONS.flatMap(({ faults }) => faults)) {
  const reads = MATRIX_READS.filter((read) => fault.expect(read) !== null);
  const row = await Promise.all(
    reads.map(async (read) => [read, await measure(fault, read)] as const),
  );
  measured.set(fault, new Map(row));
  cells += row.length;
  for (const [read, { outcome, breaches }] of row) {
    if (outcome === fault.expect(read) && breaches.length === 0) continue;
    const found = [outcome, ...breaches.map((breach) => `not ${breach}`)].join(", ");
    wrong.push(
      `${read.format} ${read.kind} (${read.name}), ${fault.name}: ${found}, expected ${
        fault.expect(read)
      }`,
    );
  }
}
const table = matrixTable((fault, read) => measured.get(fault)?.get(read)?.outcome ?? null);
console.log(table);
console.log(`\n${cells} cells, ${wrong.length} not as HTTP.md says`);
for (const line of wrong) console.log(`! ${line}`);
if (Deno.args.includes("--write")) {
  writeDocumentPart("matrix", matrixTable((fault, read) => fault.expect(read)));
}
Deno.exit(wrong.length > 0 ? 1 : 0);
