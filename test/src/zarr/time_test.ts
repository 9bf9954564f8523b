import assert from "node:assert/strict";
import { type Json, type JsonObject, stringifyJson } from "../../../src/json.ts";
import type { ArrayMetadata, DataType } from "../../../src/zarr/metadata.ts";
import { untellableTime, withCfTimes } from "../../../src/zarr/time.ts";

function times(
  dataType: DataType,
  attributes: JsonObject = {},
  fill: Json = "NaT",
): ArrayMetadata {
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [4],
    data_type: dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [4] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: fill,
    codecs: [{ name: "bytes", configuration: { endian: "big" } }],
    attributes,
  };
}

function numpy(letter: "M" | "m", unit: string, factor = 1): DataType {
  const name = letter === "M" ? "numpy.datetime64" : "numpy.timedelta64";
  return { name, configuration: { unit, scale_factor: factor } };
}

const NAT = "-9223372036854775808";

/** NumPy's unit and multiple, and CF's unit. */
const UNITS: Array<[unit: string, factor: number, units: string, resolution: string]> = [
  ["D", 1, "days", "s"],
  ["h", 1, "hours", "s"],
  ["m", 1, "minutes", "s"],
  ["s", 1, "seconds", "s"],
  ["ms", 1, "milliseconds", "ms"],
  ["us", 1, "microseconds", "us"],
  ["μs", 1, "microseconds", "us"],
  ["ns", 1, "nanoseconds", "ns"],
  ["s", 3600, "hours", "s"],
  ["h", 24, "days", "s"],
  ["ns", 1_000_000, "milliseconds", "ms"],
];

for (const [unit, factor, units, resolution] of UNITS) {
  Deno.test(`counts of ${factor} ${unit} are int64 in ${units}, NaT their fill`, () => {
    const date = withCfTimes(times(numpy("M", unit, factor), { long_name: "t" }));
    assert.equal(date.data_type, "int64");
    assert.equal(stringifyJson(date.fill_value), NAT);
    assert.equal(
      stringifyJson(date.attributes),
      `{"long_name":"t","units":"${units} since 1970-01-01 00:00:00",` +
        `"calendar":"proleptic_gregorian","_FillValue":${NAT}}`,
    );
    assert.deepEqual(date.codecs, times("x").codecs);
    const duration = withCfTimes(times(numpy("m", unit, factor)));
    assert.equal(
      stringifyJson(duration.attributes),
      `{"units":"${units}","dtype":"timedelta64[${resolution}]","_FillValue":${NAT}}`,
    );
    assert.equal(untellableTime(numpy("m", unit, factor)), undefined);
  });
}

Deno.test("what an array of times says of numbers is dropped, its own fill kept", () => {
  const own = {
    units: "K",
    calendar: "noleap",
    scale_factor: 2,
    add_offset: 1,
    missing_value: 3,
    _Unsigned: "true",
    dtype: "bool",
    axis: "T",
  };
  const { attributes, fill_value } = withCfTimes(times(numpy("M", "s"), own, 7));
  assert.equal(fill_value, 7);
  assert.deepEqual(Object.keys(attributes!), ["units", "calendar", "axis", "_FillValue"]);
  assert.equal(attributes!.calendar, "proleptic_gregorian");
  assert.equal(attributes!.units, "seconds since 1970-01-01 00:00:00");
});

for (
  const [unit, factor] of [["Y", 1], ["M", 1], ["W", 1], ["s", 25], ["D", 7], ["ps", 1], [
    "generic",
    1,
  ]] as const
) {
  Deno.test(`CF clients know no counts of ${factor} ${unit}: the array is as it was, with the reason`, () => {
    const metadata = times(numpy("M", unit, factor));
    assert.equal(withCfTimes(metadata), metadata);
    const reason = untellableTime(metadata.data_type);
    assert.match(
      reason!,
      new RegExp(`^its times count ${factor === 1 ? "" : `${factor} `}${unit},`),
    );
  });
}

Deno.test("other data types are left alone", () => {
  const metadata = times("int64", { units: "days since 2000-01-01" }, 0);
  assert.equal(withCfTimes(metadata), metadata);
  assert.equal(untellableTime("int64"), undefined);
});
