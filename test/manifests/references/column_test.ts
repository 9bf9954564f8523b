import assert from "node:assert/strict";
import { Column } from "../../../manifests/references/column.ts";

Deno.test("a column gives back its values and takes no more room than they need", () => {
  const cases: Array<[name: string, value: (row: number) => number, bytesARow: number]> = [
    ["a constant", () => 7, 0],
    ["row numbers", (row) => row, 0],
    ["offsets of equal chunks", (row) => 4096 + row * 2 ** 34, 0],
    ["a falling progression", (row) => 10 ** 6 - row, 0],
    ["bytes", (row) => row * 7 % 251, 1],
    ["two bytes", (row) => row * 7919 % 65_521, 2],
    ["four bytes", (row) => row * 48_271 % (2 ** 31 - 1), 4],
    ["2⁵³ at last", (row) => row === 39_999 ? 2 ** 53 - 1 : row % 3, 4.5],
  ];
  for (const [name, value, bytesARow] of cases) {
    const column = new Column();
    for (let row = 0; row < 40_000; row++) column.push(value(row));
    column.trim();
    for (let row = 0; row < 40_000; row++) assert.equal(column.get(row), value(row), name);
    assert.ok(column.heldBytes <= 40_000 * bytesARow + 600, `${name}: ${column.heldBytes}`);
  }
});
