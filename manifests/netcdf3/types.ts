/** NetCDF-3's external types: what they are in Zarr, and their values. All are big-endian. */

import { type Json, rawNumber } from "../../src/json.ts";
import { floatJson, integerJson } from "../../src/zarr/fill_value.ts";
import type { DataType } from "../../src/zarr/metadata.ts";

/** A type of elements and of attributes' values. */
export interface ExternalType {
  /** Bytes of an element. */
  readonly bytes: number;
  /** The Zarr v3 data type. */
  readonly dataType: DataType;
  /** An attribute's value at `at`; absent for text, which is one value. */
  readonly value?: (view: DataView, at: number) => Json;
}

const CHAR: DataType = { name: "null_terminated_bytes", configuration: { length_bytes: 1 } };

/** By `nc_type`. Those from 7 on are CDF-5's. */
export const TYPES: ReadonlyMap<number, ExternalType> = new Map([
  [1, { bytes: 1, dataType: "int8", value: (view, at) => view.getInt8(at) }],
  [2, { bytes: 1, dataType: CHAR }],
  [3, { bytes: 2, dataType: "int16", value: (view, at) => view.getInt16(at) }],
  [4, { bytes: 4, dataType: "int32", value: (view, at) => view.getInt32(at) }],
  [5, { bytes: 4, dataType: "float32", value: (view, at) => asFloat(view.getFloat32(at)) }],
  [6, { bytes: 8, dataType: "float64", value: (view, at) => asFloat(view.getFloat64(at)) }],
  [7, { bytes: 1, dataType: "uint8", value: (view, at) => view.getUint8(at) }],
  [8, { bytes: 2, dataType: "uint16", value: (view, at) => view.getUint16(at) }],
  [9, { bytes: 4, dataType: "uint32", value: (view, at) => view.getUint32(at) }],
  [10, {
    bytes: 8,
    dataType: "int64",
    value: (view, at) => integerJson(view.getBigInt64(at)),
  }],
  [11, {
    bytes: 8,
    dataType: "uint64",
    value: (view, at) => integerJson(view.getBigUint64(at)),
  }],
] as Array<[number, ExternalType]>);

/** A float keeps its point: by it xarray tells the type of scaled data. */
function asFloat(value: number): Json {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /^-?\d+$/.test(text) ? rawNumber(`${text}.0`) : floatJson(value);
}
