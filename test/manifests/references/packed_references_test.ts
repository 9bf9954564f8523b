import assert from "node:assert/strict";
import {
  ABSENT_ID,
  BLOCK_ROWS,
  FIRST_URL_ID,
  INLINE_ID,
  type PackedReferences,
  type PackedRow,
} from "../../../manifests/references/packed_references.ts";
import { ReferencePacker } from "../../../manifests/references/reference_packer.ts";

/** Marsaglia's xorshift32, from 0 to 1. */
function seeded(state: number): () => number {
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const packer = new ReferencePacker();

function pack(rows: readonly PackedRow[]): PackedReferences {
  for (const { id, offset, length } of rows) packer.push(id, offset, length);
  return packer.finish();
}

function check(rows: readonly PackedRow[], message: string): PackedReferences {
  const packed = pack(rows);
  const expected = rows.map((row) =>
    row.id === ABSENT_ID ? { id: ABSENT_ID, offset: 0, length: 0 } : row
  );
  const all = [...packed.all()].length;
  assert.equal(all, rows.length, message);
  let at = 0;
  for (const { id, offset, length } of packed.all()) {
    assert.deepEqual({ id, offset, length }, expected[at], `${message}, row ${at} of all()`);
    at++;
  }
  for (let row = 0; row < rows.length; row += rows.length > 100 ? 17 : 1) {
    const found = packed.read(row, { id: -1, offset: -1, length: -1 });
    assert.deepEqual(found, expected[row], `${message}, row ${row}`);
  }
  return packed;
}

const url = (number: number) => FIRST_URL_ID + number;

Deno.test("rows come out as they went in, at the borders of every width", () => {
  const borders = [
    0,
    1,
    127,
    128,
    2 ** 14,
    2 ** 24,
    2 ** 25,
    2 ** 26,
    2 ** 31,
    2 ** 32,
    2 ** 33,
    2 ** 52,
  ]
    .flatMap((n) => [n - 1, n, n + 1]).filter((n) => n >= 0);
  for (const length of borders) {
    check([{ id: url(0), offset: 0, length }], `length ${length}`);
    check(
      [{ id: url(0), offset: 7, length }, { id: url(0), offset: 7 + length, length: 1 }],
      `${length}, 1`,
    );
    check(Array.from({ length: 40 }, () => ({ id: url(1), offset: 3, length })), `40 of ${length}`);
  }
  for (const offset of borders) {
    check(
      [{ id: url(3), offset, length: 5 }, { id: url(3), offset: 0, length: 5 }],
      `offset ${offset}`,
    );
  }
  check(borders.map((length, i) => ({ id: url(i), offset: borders[i], length })), "all of them");
  for (const id of [2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32 - 1]) {
    check([{ id, offset: 1, length: 1 }, { id: ABSENT_ID, offset: 0, length: 0 }], `id ${id}`);
  }
});

Deno.test("nothing, one block, and one row more or less than a block", () => {
  for (const rows of [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS + 3]) {
    const row = (i: number) => ({ id: url(0), offset: 100 + i * 10, length: 10 });
    check(Array.from({ length: rows }, (_, i) => row(i)), `${rows} rows`);
  }
  assert.throws(() => pack([]).read(0, { id: 0, offset: 0, length: 0 }), RangeError);
});

Deno.test("absent, inline and whole-file rows may stand anywhere", () => {
  const kinds: PackedRow[] = [
    { id: ABSENT_ID, offset: 99, length: 99 },
    { id: INLINE_ID, offset: 4, length: 0 },
    { id: INLINE_ID, offset: 4, length: 6 },
    { id: url(0), offset: 0, length: 0 },
    { id: url(0), offset: 50, length: 9 },
    { id: url(9), offset: 59, length: 9 },
  ];
  const random = seeded(77);
  for (let trial = 0; trial < 50; trial++) {
    const rows = Array.from(
      { length: 30 + trial * 20 },
      () => kinds[Math.floor(random() * kinds.length)],
    );
    check(rows, `trial ${trial}`);
  }
  check(Array.from({ length: 1000 }, () => kinds[0]), "all absent");
});

Deno.test("random rows come out as they went in", () => {
  const random = seeded(20240105);
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
  for (let trial = 0; trial < 150; trial++) {
    const longest = pick([1, 300, 1e6, 2 ** 31, 2 ** 33, 2 ** 51]);
    const jumps = pick([0, 0.01, 0.1, 0.6, 1]);
    const gaps = pick([0, 0.02, 0.5]);
    const files = pick([1, 2, 40, 2 ** 32 - 3]);
    const rows: PackedRow[] = [];
    let [id, offset] = [url(0), 48_000];
    for (let i = 0; i < 700; i++) {
      if (random() < jumps) {
        [id, offset] = [Math.floor(random() * files), Math.floor(random() * 2 ** 40)];
      }
      if (random() < gaps) offset += Math.floor(random() * 9000);
      let length = Math.floor(random() * random() * longest);
      if (offset + length > 2 ** 52) [offset, length] = [0, 12];
      rows.push({ id, offset, length });
      offset += length;
    }
    check(rows, `trial ${trial}`);
  }
});

Deno.test("references of an archive's usual files take under 2.6 bytes each", () => {
  const random = seeded(5);
  const rows: PackedRow[] = [];
  for (let offset = 0, i = 0; i < 100_000; i++) {
    if (i % 2556 === 0) offset = 48_221;
    if (random() < 0.02) offset += 512 + Math.floor(random() * 7680);
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const length = Math.min(2_000_000, Math.floor(Math.exp(11.5 + 0.9 * normal))) + 64;
    rows.push({ id: url(Math.floor(i / 2556)), offset, length });
    offset += length;
  }
  const { heldBytes } = check(rows, "archive");
  assert.ok(heldBytes < rows.length * 2.6, `${heldBytes / rows.length} bytes a row`);
});

Deno.test("chunks in files of their own take next to nothing; absent ones among them stay absent", () => {
  const own = (i: number): PackedRow => ({ id: url(i), offset: 0, length: 4096 });
  const absent: PackedRow = { id: ABSENT_ID, offset: 0, length: 0 };
  const rows = Array.from({ length: 10_000 }, (_, i) => own(i));
  const { heldBytes } = check(rows, "files in order");
  assert.ok(heldBytes < 700, `${heldBytes}`);
  check(rows.map((row, i) => i % 7 === 3 ? absent : row), "some absent");
  check(rows.map((row, i) => i % 512 > 2 ? absent : row), "most absent");
  check(rows.toReversed(), "files in reverse");
  check(rows.map((row, i) => ({ ...row, id: url(2 ** 31 + i) })), "high numbers");
});
