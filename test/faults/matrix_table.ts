/** The fault matrix as Markdown: a row a fault, two columns a format. */

import { MATRIX_SECTIONS, type MatrixFault, type Outcome } from "./matrix_faults.ts";
import { MATRIX_FORMATS, MATRIX_READS, type MatrixRead } from "./matrix_reads.ts";

const TITLES: Record<MatrixRead["format"], string> = {
  "kerchunk-json": "kerchunk JSON",
  "kerchunk-parquet": "kerchunk Parquet",
  icechunk: "Icechunk",
  zarr: "Zarr",
};
const KINDS = ["chunk", "index"] as const;

/** The table of what `outcomeOf` says of each cell. */
export function matrixTable(outcomeOf: (fault: MatrixFault, read: MatrixRead) => Outcome): string {
  const columns = MATRIX_FORMATS.flatMap((format) =>
    KINDS.map((kind) => ({
      title: `${TITLES[format]}: ${kind}`,
      reads: MATRIX_READS.filter((read) => read.format === format && read.kind === kind),
    }))
  );
  const lines: string[] = [];
  for (const { title, faults } of MATRIX_SECTIONS) {
    lines.push(`### ${title}`, "", row(["what happens", ...columns.map((column) => column.title)]));
    lines.push(row(["---", ...columns.map(() => "---")]));
    for (const fault of faults) {
      const cells = columns.map(({ reads }) => cell(reads, (read) => outcomeOf(fault, read)));
      lines.push(row([fault.name, ...cells]));
    }
    lines.push("");
  }
  return lines.join("\n").trimEnd();
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** One outcome if all reads agree, else each with the reads that have it. */
function cell(reads: readonly MatrixRead[], outcomeOf: (read: MatrixRead) => Outcome): string {
  const names = new Map<string, string[]>();
  for (const read of reads) {
    const outcome = outcomeOf(read);
    if (outcome === null) continue;
    names.set(outcome, [...names.get(outcome) ?? [], read.name]);
  }
  if (names.size === 0) return "–";
  const [first] = names;
  if (names.size === 1) return first[0];
  return [...names].map(([outcome, all]) => `${outcome} (${all.join(", ")})`).join("<br>");
}
