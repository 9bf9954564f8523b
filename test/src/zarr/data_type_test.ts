import assert from "node:assert/strict";
import { dataTypeKind, itemSize, numpyName } from "../../../src/zarr/data_type.ts";
import { dataTypeFromV2 } from "../../../src/zarr/v2/data_type.ts";
import type { DataType } from "../../../src/zarr/metadata.ts";

const named = (name: string, configuration: Record<string, string | number>): DataType => ({
  name,
  configuration,
});

const TYPES: Array<[v2: string, type: DataType, endian: string | undefined, size: number]> = [
  ["|b1", "bool", undefined, 1],
  ["|i1", "int8", undefined, 1],
  ["<i2", "int16", "little", 2],
  [">i2", "int16", "big", 2],
  ["<i4", "int32", "little", 4],
  [">i4", "int32", "big", 4],
  ["<i8", "int64", "little", 8],
  [">i8", "int64", "big", 8],
  ["|u1", "uint8", undefined, 1],
  ["<u2", "uint16", "little", 2],
  [">u2", "uint16", "big", 2],
  ["<u4", "uint32", "little", 4],
  [">u4", "uint32", "big", 4],
  ["<u8", "uint64", "little", 8],
  [">u8", "uint64", "big", 8],
  ["<f2", "float16", "little", 2],
  [">f2", "float16", "big", 2],
  ["<f4", "float32", "little", 4],
  [">f4", "float32", "big", 4],
  ["<f8", "float64", "little", 8],
  [">f8", "float64", "big", 8],
  ["<c8", "complex64", "little", 8],
  [">c16", "complex128", "big", 16],
  ["<M8[ns]", named("numpy.datetime64", { unit: "ns", scale_factor: 1 }), "little", 8],
  [">M8[D]", named("numpy.datetime64", { unit: "D", scale_factor: 1 }), "big", 8],
  ["<m8[25s]", named("numpy.timedelta64", { unit: "s", scale_factor: 25 }), "little", 8],
  ["<m8", named("numpy.timedelta64", { unit: "generic", scale_factor: 1 }), "little", 8],
  ["|S7", named("null_terminated_bytes", { length_bytes: 7 }), undefined, 7],
  ["<U12", named("fixed_length_utf32", { length_bytes: 48 }), "little", 48],
  [">U3", named("fixed_length_utf32", { length_bytes: 12 }), "big", 12],
  ["|V8", named("raw_bytes", { length_bytes: 8 }), undefined, 8],
];

for (const [v2, type, endian, size] of TYPES) {
  Deno.test(`dtype ${v2} is ${JSON.stringify(type)}, ${size} bytes, and back`, () => {
    assert.deepEqual(dataTypeFromV2(v2, undefined, "test"), { dataType: type, endian });
    assert.equal(itemSize(type), size);
    assert.equal(numpyName(type, endian === "big" ? "big" : "little"), v2);
  });
}

Deno.test("dtype |O is text or bytes by its filter, of no fixed size", () => {
  assert.deepEqual(dataTypeFromV2("|O", "vlen-utf8", "t"), {
    dataType: "string",
    endian: undefined,
  });
  assert.deepEqual(dataTypeFromV2("|O", "vlen-bytes", "t").dataType, "variable_length_bytes");
  assert.equal(itemSize("string"), undefined);
  assert.equal(itemSize("variable_length_bytes"), undefined);
  for (const codec of [undefined, "json2", "pickle", "vlen-array"]) {
    assert.match(dataTypeFromV2("|O", codec, "t").unsupported ?? "", /Python objects/);
  }
});

Deno.test("a structured dtype is a struct if one byte order is enough, else opaque bytes", () => {
  const one = dataTypeFromV2([["a", ">i2"], ["b", "|u1"], ["c", [["d", ">f8"]]]], undefined, "t");
  assert.equal(one.endian, "big");
  assert.equal(dataTypeKind(one.dataType), "struct");
  assert.equal(itemSize(one.dataType), 11);
  assert.match(one.unsupported ?? "", /structured/);
  for (const dtype of [[["a", ">i2"], ["b", "<i2"]], [["a", "<i2", [2]]], [["a", "<i2", 2]]]) {
    const opaque = dataTypeFromV2(dtype, undefined, "t");
    assert.deepEqual(opaque.dataType, named("raw_bytes", { length_bytes: 4 }));
    assert.match(opaque.unsupported ?? "", /structured/);
  }
});

const UNKNOWN = [
  "",
  "<i3",
  "<x4",
  "|S0",
  "<U0",
  "|S99999999",
  "<U999999999",
  "<M8[parsecs]",
  "<M4[s]",
  "<i4[s]",
  "constructor",
  null,
  4,
  {},
  [],
  ["a"],
  [["a"]],
  [["a", "|O"]],
  [["a", "<i4", [-1]]],
  [["a", "<i4", [1e6, 1e6]]],
];

for (const dtype of UNKNOWN) {
  Deno.test(`dtype ${JSON.stringify(dtype)} is refused with its place`, () => {
    assert.throws(() => dataTypeFromV2(dtype, undefined, '.zarray of "a"'), {
      name: "IndexError",
      code: "index-invalid",
      message: /Cannot read the .zarray of "a": dtype/,
    });
  });
}

Deno.test("itemSize() knows raw bits, structs and rare numbers, and not what is unknown", () => {
  const sizes: Array<[DataType, number | undefined]> = [
    ["r64", 8],
    ["r7", undefined],
    ["bfloat16", 2],
    ["float8_e4m3fn", 1],
    ["unheard_of", undefined],
    ["constructor", undefined],
    [named("raw_bytes", { length_bytes: -1 }), undefined],
    [{ name: "struct", configuration: { fields: [{ name: "a", data_type: "int16" }] } }, 2],
    [{ name: "structured", configuration: { fields: [["a", "int16"], ["b", "uint8"]] } }, 3],
    [
      { name: "struct", configuration: { fields: [{ name: "a", data_type: "string" }] } },
      undefined,
    ],
    [{ name: "struct", configuration: { fields: [null] } }, undefined],
  ];
  for (const [type, size] of sizes) assert.equal(itemSize(type), size, JSON.stringify(type));
});
