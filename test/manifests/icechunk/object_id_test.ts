import assert from "node:assert/strict";
import { decodeObjectId, encodeObjectId } from "../../../manifests/icechunk/object_id.ts";

Deno.test("object ids are Crockford base32, most significant bit first", () => {
  const vectors = [
    ["0b1cc8d6787580f0e33a6534", "1CECHNKREP0F1RSTCMT0"],
    ["000102030405060708090a0b", "000G40R40M30E209185G"],
    ["ffffffffffffffffffffffff", "ZZZZZZZZZZZZZZZZZZZG"],
  ];
  for (const [hex, text] of vectors) {
    const bytes = Uint8Array.fromHex(hex);
    assert.equal(encodeObjectId(bytes), text);
    assert.deepEqual(decodeObjectId(text), bytes);
  }
  assert.equal(encodeObjectId(new Uint8Array(8)), "0000000000000");
  assert.equal(encodeObjectId(new Uint8Array(8).fill(255)), "ZZZZZZZZZZZZY");
});

Deno.test("an id has one spelling", () => {
  for (
    const text of [
      "",
      "1CECHNKREP0F1RSTCMT", // short
      "1CECHNKREP0F1RSTCMT00", // long
      "1cechnkrep0f1rstcmt0", // lower case
      "1CECHNKREP0F1RSTCMT1", // bits beyond the twelfth byte
      "ICECHNKREP0F1RSTCMT0", // a letter that the alphabet lacks
      "../../../../../../..",
    ]
  ) assert.equal(decodeObjectId(text), undefined, text);
});
