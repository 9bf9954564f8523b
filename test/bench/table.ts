/** Figures as aligned columns on the terminal. */

/** Prints `rows` under `header`; the first column is left-aligned, the others right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((r) => r[i].length)));
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
    console.log(`  ${cells.join("  ")}`);
  }
}

/** `a / b` as `1.23×`. */
export function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(a / b < 0.1 ? 3 : 2)}×`;
}

/** Bytes in MiB. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
