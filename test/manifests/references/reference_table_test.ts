import assert from "node:assert/strict";
import { ArrayReferences } from "../../../manifests/references/array_references.ts";
import { Column } from "../../../manifests/references/column.ts";
import { FIRST_URL_ID, INLINE_ID } from "../../../manifests/references/packed_references.ts";
import { ReferenceRows } from "../../../manifests/references/reference_rows.ts";
import { ReferenceTable } from "../../../manifests/references/reference_table.ts";
import { ListedTargets } from "../../../manifests/references/targets.ts";
import { TextTable } from "../../../manifests/references/text_table.ts";
import { DEFAULT_KEYS } from "../../../src/zarr/chunk_grid.ts";
import { plainRef } from "../../conformance/manifest.ts";

function done<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function references(grid: number[], rows: ReferenceRows): ArrayReferences {
  const chunks = grid.reduce((a, b) => a * b, 1);
  const layout = { chunkShape: grid.map(() => 1), grid, chunks, encoding: DEFAULT_KEYS };
  const urls = new TextTable();
  for (const name of ["a", "b"]) urls.add(new TextEncoder().encode(`https://h/${name}`));
  const targets = new ListedTargets(urls.list.trim(), new Uint8Array([7, 8, 9]));
  const table = done(ReferenceTable.build(chunks, rows.inGrid({ grid })));
  return new ArrayReferences(layout, table, targets);
}

Deno.test("rows in any order are found, the last one of a place, and come in the order of the grid", () => {
  for (const grid of [[3, 4], [3000, 4000], [2 ** 26, 2 ** 25]]) {
    const rows = new ReferenceRows(2);
    const far = [grid[0] - 1, grid[1] - 1];
    rows.add(far, FIRST_URL_ID + 1, 10, 5);
    rows.add([1, 2], FIRST_URL_ID, 100, 20);
    rows.add([0, 3], INLINE_ID, 1, 2);
    rows.add([1, 2], FIRST_URL_ID, 0, 0);
    rows.add([grid[0], 0], FIRST_URL_ID, 1, 1);
    rows.add([0, 1], FIRST_URL_ID, 40, 8, 3);
    const array = references(grid, rows);
    assert.deepEqual(plainRef(array.chunk([1, 2])), { kind: "object", url: "https://h/a" });
    assert.deepEqual(array.chunk([0, 3]), { kind: "inline", bytes: new Uint8Array([8, 9]) });
    assert.equal(array.chunk([0, 1])?.encoding, 3);
    assert.equal(array.chunk([0, 0]), undefined);
    assert.equal(array.chunk([grid[0], 0]), undefined);
    const [table] = [...array.tables()];
    assert.deepEqual([...table.coords], [0, 1, 0, 3, 1, 2, ...far], `${grid}`);
    assert.deepEqual([...table.encodings ?? []], [3, 0, 0, 0]);
    assert.deepEqual([...table.offsets], [40, 0, 0, 10]);
    assert.deepEqual(table.inline?.(1), new Uint8Array([8, 9]));
  }
});

Deno.test("many shuffled rows are sorted, with the format's own columns beside them", () => {
  const [side, count] = [40_000, 60_000];
  const extra = new Column();
  const rows = new ReferenceRows(2, [extra]);
  const expected = new Map<number, number>();
  for (let i = 0, at = 1; i < count; i++) {
    at = at * 48_271 % (2 ** 31 - 1);
    const place = at % (side * side);
    rows.add([Math.floor(place / side), place % side], FIRST_URL_ID, i + 1, 1);
    extra.push(i % 300);
    expected.set(place, i);
  }
  const { table } = references([side, side], rows);
  assert.equal(table.rows, expected.size);
  let [row, last] = [0, -1];
  for (const { offset } of table.packed.all()) {
    assert.ok(table.ordinal(row) > last);
    last = table.ordinal(row);
    const i = expected.get(last)!;
    assert.equal(offset, i + 1);
    assert.equal(table.extras[0].get(row), i % 300);
    assert.equal(table.find(last), row++);
  }
  assert.equal(table.find(-1), -1);
});

Deno.test("a dense grid needs no places: consecutive chunks of one size take next to nothing", () => {
  const rows = new ReferenceRows(1);
  for (let i = 0; i < 100_000; i++) rows.add([i], FIRST_URL_ID, i * 4096, 4096);
  const { table } = references([100_000], rows);
  assert.equal(table.ordinals, undefined);
  assert.ok(table.heldBytes < 6000, `${table.heldBytes}`);
  assert.ok(rows.heldBytes < 12_000, `${rows.heldBytes}`);
});
