import assert from "node:assert/strict";
import { ColumnBuilder } from "../../../manifests/icechunk/column.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const CASES: Array<[string, number[], number]> = [
  ["nothing", [], 32],
  ["one value", [7], 32],
  ["a constant", [5, 5, 5, 5], 32],
  ["its own row number", [0, 1, 2, 3], 32],
  ["falling steps", [300, 200, 100, 0], 32],
  ["steps beyond 2^32", [0, 2 ** 33, 2 ** 34], 32],
  ["small values", [1, 9, 255, 0], 4],
  ["a value that widens to two bytes", [0, 255, 256, 3], 8],
  ["a value that widens to four bytes", [0, 255, 65_535, 65_536], 16],
  ["values up to 2^32 - 1", [1, 0, 0xffffffff], 12],
  ["values from 2^32", [1, 0, 2 ** 32, 2 ** 31], 32],
  ["values up to 2^53 - 1", [MAX, 0, MAX - 1, 1], 32],
  ["a progression that breaks late", [10, 20, 30, 41], 4],
];

for (const [what, values, bytes] of CASES) {
  Deno.test(`a column of ${what}`, () => {
    const builder = new ColumnBuilder(values.length);
    for (const value of values) builder.push(value);
    const column = builder.finish();
    assert.deepEqual(values.map((_, row) => column.get(row)), values);
    assert.equal(column.bytes, bytes);
  });
}
