import assert from "node:assert/strict";
import { parseJson, stringifyJson } from "../../../src/json.ts";
import type { ArrayMetadata } from "../../../src/zarr/metadata.ts";
import { portableArray } from "../../../src/zarr/portable.ts";

/** The fill as the source writes it, the data type, and the fill that the portable view writes. */
const FILLS: Array<[written: string, type: string, told: string]> = [
  ["100000000000000000000", "float32", "1e+20"],
  ["100000002004087730000", "float32", "1.0000000200408773e+20"],
  ["-9969209968386869000000000000000000000", "float64", "-9.969209968386869e+36"],
  ["1e20", "float64", "1e20"],
  ["-9999", "float32", "-9999"],
  ['"NaN"', "float64", '"NaN"'],
  ["18446744073709551614", "uint64", "18446744073709551614"],
  ["[100000000000000000000,0]", "complex64", "[1e+20,0]"],
];

for (const [written, type, told] of FILLS) {
  Deno.test(`the portable fill of ${type} ${written} is ${told}: GDAL cuts long integers to 64 bits`, () => {
    const native = {
      zarr_format: 3,
      node_type: "array",
      shape: [1],
      data_type: type,
      chunk_grid: { name: "regular", configuration: { chunk_shape: [1] } },
      chunk_key_encoding: { name: "default" },
      fill_value: parseJson(written),
      codecs: [{ name: "bytes" }],
    } as ArrayMetadata;
    assert.equal(stringifyJson(portableArray(native, native.codecs).fill_value), told);
  });
}
