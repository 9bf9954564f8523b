/**
 * Arrays of `numpy.datetime64` and `numpy.timedelta64`, which few clients know, as int64 with CF's
 * `units` and `calendar`: the same bytes, told as xarray itself writes times.
 *
 * Sources: CF conventions §4.4; xarray's `coding/times.py`, which knows seven units and no multiples
 * of them, and takes numbers for durations by the attribute `dtype`.
 */

import { type JsonObject, rawNumber, toNumber } from "../json.ts";
import { dataTypeKind, dataTypeName } from "./data_type.ts";
import type { ArrayMetadata, DataType } from "./metadata.ts";

/** NumPy's units that CF clients know: CF's name, and how many of them are one of the next. */
const UNITS = [
  ["ns", "nanoseconds", 1000],
  ["us", "microseconds", 1000],
  ["ms", "milliseconds", 1000],
  ["s", "seconds", 60],
  ["m", "minutes", 60],
  ["h", "hours", 24],
  ["D", "days", 0],
] as const;

/** NumPy's "not a time", the smallest int64. */
const NAT = rawNumber("-9223372036854775808");

/** Attributes that readers apply to numbers: on these counts they would give other times. */
const OF_NUMBERS = new Set(["scale_factor", "add_offset", "missing_value", "_Unsigned", "dtype"]);

/** `metadata` as int64 with CF attributes; unchanged if its elements are no times that CF can tell. */
export function withCfTimes(metadata: ArrayMetadata): ArrayMetadata {
  const units = cfUnits(metadata.data_type);
  if (units === undefined) return metadata;
  return {
    ...metadata,
    data_type: "int64",
    fill_value: metadata.fill_value === "NaT" ? NAT : metadata.fill_value,
    attributes: {
      ...Object.fromEntries(
        Object.entries(metadata.attributes ?? {}).filter(([name]) => !OF_NUMBERS.has(name)),
      ),
      ...units,
      _FillValue: NAT,
    },
  };
}

/** Why CF has no times of that data type; undefined if it has, or if it is another type. */
export function untellableTime(dataType: DataType): string | undefined {
  if (dataTypeKind(dataType) !== "time" || cfUnits(dataType)) return undefined;
  const { unit, factor } = timeUnit(dataType);
  return `its times count ${
    factor === 1 ? "" : factor + " "
  }${unit}, a unit that CF clients do not know`;
}

function timeUnit(dataType: DataType): { unit: unknown; factor: number } {
  const { unit, scale_factor: factor } =
    (typeof dataType === "string" ? undefined : dataType.configuration) ?? {};
  return { unit, factor: toNumber(factor) ?? 1 };
}

/** The CF attributes that tell what counts of that data type mean. */
function cfUnits(dataType: DataType): JsonObject | undefined {
  if (dataTypeKind(dataType) !== "time") return undefined;
  let { unit, factor } = timeUnit(dataType);
  unit = unit === "μs" ? "us" : unit;
  let index = UNITS.findIndex(([numpy]) => numpy === unit);
  // 60 seconds are a minute.
  for (; index >= 0 && factor !== 1; index++) {
    const [, , next] = UNITS[index];
    if (next === 0 || factor % next !== 0) return undefined;
    factor /= next;
  }
  if (index < 0) return undefined;
  const [numpy, name] = UNITS[index];
  return dataTypeName(dataType) === "numpy.datetime64"
    ? { units: `${name} since 1970-01-01 00:00:00`, calendar: "proleptic_gregorian" }
    // pandas, and so xarray, has no durations coarser than seconds.
    : { units: name, dtype: `timedelta64[${index < 3 ? numpy : "s"}]` };
}
