import assert from "node:assert/strict";
import { readHybrid } from "../../../manifests/parquet/hybrid_run.ts";

/** Values of `bits` bits as one bit-packed run. */
function packed(values: number[], bits: number): number[] {
  const groups = Math.ceil(values.length / 8);
  let all = 0n;
  values.forEach((value, i) => all |= BigInt(value) << BigInt(i * bits));
  const bytes = Array.from(
    { length: groups * bits },
    (_, i) => Number(all >> BigInt(8 * i) & 255n),
  );
  return [...varint(groups * 2 + 1), ...bytes];
}

function repeated(value: number, count: number, bits: number): number[] {
  const width = Math.ceil(bits / 8);
  return [
    ...varint(count * 2),
    ...Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) % 256),
  ];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [128 + value % 128, ...varint(Math.floor(value / 128))];
}

Deno.test("runs of every width come out as they were written", () => {
  for (let bits = 1; bits <= 31; bits++) {
    const most = 2 ** bits - 1;
    const values = Array.from(
      { length: 24 },
      (_, i) => i % 3 === 0 ? most : Math.floor(most * i / 31),
    );
    const bytes = new Uint8Array([
      ...packed(values, bits),
      ...repeated(most, 300, bits),
      ...packed(values.slice(0, 8), bits),
    ]);
    const into = new Uint32Array(24 + 300 + 8);
    readHybrid(bytes, 0, bytes.length, bits, into);
    assert.deepEqual(
      [...into],
      [...values, ...Array(300).fill(most), ...values.slice(0, 8)],
      `${bits} bits`,
    );
  }
});

Deno.test("a run that claims more than is wanted makes no more, and one cut off is a fault", () => {
  const into = new Uint8Array(10);
  const endless = new Uint8Array(repeated(1, 2 ** 31, 1));
  readHybrid(endless, 0, endless.length, 1, into);
  assert.deepEqual([...into], Array(10).fill(1));
  for (const bytes of [[], [128], [20], [3], varint(2 ** 33 + 1), [0, 0, 0]]) {
    const cut = new Uint8Array(bytes);
    assert.throws(
      () => readHybrid(cut, 0, cut.length, 5, new Uint8Array(10)),
      RangeError,
      `${bytes}`,
    );
  }
});
