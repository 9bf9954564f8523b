import assert from "node:assert/strict";
import { parseContentRange, rangeHeader, requestedRange } from "../../src/byte_range.ts";

Deno.test("rangeHeader() names the last byte, not the one behind it", () => {
  assert.equal(rangeHeader({ offset: 10, length: 1 }), "bytes=10-10");
  assert.equal(
    rangeHeader({ offset: 2 ** 40, length: 2 ** 20 }),
    "bytes=1099511627776-1099512676351",
  );
});

const REQUESTED: Array<[header: string | null, expected: ReturnType<typeof requestedRange>]> = [
  [null, undefined],
  ["bytes=0-0", { offset: 0, length: 1 }],
  ["bytes=0-99", { offset: 0, length: 100 }],
  ["bytes=0-1000", { offset: 0, length: 100 }],
  ["bytes=90-", { offset: 90, length: 10 }],
  ["bytes=-1", { offset: 99, length: 1 }],
  ["bytes=-1000", { offset: 0, length: 100 }],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=100-200", "unsatisfiable"],
  ["bytes=9007199254740993-", "unsatisfiable"],
  ["bytes=5-4", undefined],
  ["bytes=0-1,3-4", undefined],
  ["bytes=a-b", undefined],
  ["bytes=-", undefined],
  ["bytes", undefined],
  ["items=0-1", undefined],
  ["bytes=0x1-2", undefined],
];
for (const [header, expected] of REQUESTED) {
  Deno.test(`requestedRange() of ${header} in 100 bytes is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(requestedRange(header, 100), expected);
  });
}

const CONTENT: Array<[header: string | null, expected: ReturnType<typeof parseContentRange>]> = [
  ["bytes 0-0/1", { offset: 0, length: 1, total: 1 }],
  ["bytes 5-9/*", { offset: 5, length: 5, total: undefined }],
  ["bytes 5-9/9", undefined],
  ["bytes 9-5/20", undefined],
  ["bytes */20", undefined],
  ["5-9/20", undefined],
  [null, undefined],
];
for (const [header, expected] of CONTENT) {
  Deno.test(`parseContentRange() of ${header} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseContentRange(header), expected);
  });
}
