/**
 * The data type of a Zarr v2 array (a NumPy type string or a list of fields) in v3 terms.
 *
 * Sources: the Zarr v2 specification, "Data type encoding"; NumPy, "The array interface"; FORMATS 4.2.
 */

import { coreDataType, itemSize } from "../data_type.ts";
import { isObject, type Json, toNumber } from "../../json.ts";
import { malformed, shown } from "../malformed.ts";
import type { DataType } from "../metadata.ts";

/** Byte order of the elements; undefined where there is none (one byte, or text of any length). */
export type Endian = "little" | "big" | undefined;

/** A v2 `dtype` in v3 terms. */
export interface V2DataType {
  readonly dataType: DataType;
  /** What v3 says in the `bytes` codec. */
  readonly endian: Endian;
  /** Why v3 has no faithful form of it. `dataType` then only has the right size. */
  readonly unsupported?: string;
}

/** Bytes of one element that are believed; NumPy's own limit is 2³¹. */
const MAX_ITEM_BYTES = 2 ** 20;
const MAX_FIELDS = 4096;

/**
 * Reads a v2 `dtype`.
 *
 * @param objectCodec the id of the filter that encodes the objects of `|O`
 * @param where the document it stands in, for messages
 * @throws IndexError if it is no NumPy data type
 */
export function dataTypeFromV2(
  dtype: Json | undefined,
  objectCodec: string | undefined,
  where: string,
): V2DataType {
  if (Array.isArray(dtype)) return structFromV2(dtype, where);
  if (typeof dtype !== "string") throw malformed(where, `dtype is ${shown(dtype)}`);
  const core = coreDataType(dtype);
  if (core !== undefined) return ordered(core, "little");

  const match = /^([<>|=]?)([biufcmMSUVO])(\d{0,9})(?:\[(\d{0,9})([a-zA-Zμ]+)\])?$/.exec(dtype);
  if (!match) throw malformed(where, `dtype ${shown(dtype)} is not known`);
  const [, order, letter, digits, scale, unit] = match;
  const endian = order === ">" ? "big" : "little";
  const size = Number(digits);
  if (letter === "O") return objectType(objectCodec);
  if (letter === "m" || letter === "M") {
    const time = size === 8 ? timeType(letter, scale, unit) : undefined;
    if (!time) throw malformed(where, `dtype ${shown(dtype)} is not known`);
    return { dataType: time, endian };
  }
  if (unit !== undefined) throw malformed(where, `dtype ${shown(dtype)} is not known`);
  if (letter === "S" || letter === "U" || letter === "V") {
    const bytes = letter === "U" ? size * 4 : size;
    if (bytes === 0 || bytes > MAX_ITEM_BYTES) {
      throw malformed(where, `dtype ${shown(dtype)} has elements of ${bytes} bytes`);
    }
    const name = { S: "null_terminated_bytes", U: "fixed_length_utf32", V: "raw_bytes" }[letter];
    return {
      dataType: { name, configuration: { length_bytes: bytes } },
      endian: letter === "U" ? endian : undefined,
    };
  }
  const known = coreDataType(`${letter}${size}`);
  if (known !== undefined) return ordered(known, endian);
  if ((letter === "f" || letter === "c") && [12, 16, 24, 32].includes(size)) {
    return opaque(size, `Zarr v3 has no data type for the extended precision of ${dtype}`);
  }
  throw malformed(where, `dtype ${shown(dtype)} is not known`);
}

function ordered(dataType: string, endian: "little" | "big"): V2DataType {
  return { dataType, endian: itemSize(dataType) === 1 ? undefined : endian };
}

function opaque(bytes: number, unsupported: string): V2DataType {
  return {
    dataType: { name: "raw_bytes", configuration: { length_bytes: bytes } },
    endian: undefined,
    unsupported,
  };
}

const UNITS = /^(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as|generic)$/;

function timeType(letter: string, scale = "", unit = "generic"): DataType | undefined {
  const name = unit === "μs" ? "us" : unit;
  const factor = scale === "" ? 1 : Number(scale);
  if (!UNITS.test(name) || factor < 1 || factor >= 2 ** 31) return undefined;
  return {
    name: letter === "M" ? "numpy.datetime64" : "numpy.timedelta64",
    configuration: { unit: name, scale_factor: factor },
  };
}

function objectType(codec: string | undefined): V2DataType {
  if (codec === "vlen-utf8") return { dataType: "string", endian: undefined };
  if (codec === "vlen-bytes") return { dataType: "variable_length_bytes", endian: undefined };
  return {
    dataType: "string",
    endian: undefined,
    unsupported: codec === undefined
      ? "it holds Python objects and names no codec for them"
      : `it holds Python objects encoded with ${codec}, which Zarr v3 does not have`,
  };
}

/** A list of `[name, dtype]` or `[name, dtype, shape]`, as NumPy's `dtype.descr`. */
function structFromV2(fields: readonly Json[], where: string, depth = 0): V2DataType {
  if (fields.length === 0 || fields.length > MAX_FIELDS || depth > 8) {
    throw malformed(where, `dtype ${shown(fields)} is not known`);
  }
  let orders = 0;
  let bytes = 0;
  let faithful = true;
  const members = fields.map((field) => {
    const [name, type, shape] = Array.isArray(field) ? field : [];
    if (typeof name !== "string" || type === undefined || isObject(type)) {
      throw malformed(where, `dtype has the field ${shown(field)}`);
    }
    const inner = Array.isArray(type)
      ? structFromV2(type, where, depth + 1)
      : dataTypeFromV2(type, undefined, where);
    const size = itemSize(inner.dataType);
    if (size === undefined) throw malformed(where, `dtype has objects in the field ${shown(name)}`);
    orders |= inner.endian === "big" ? 2 : inner.endian === "little" ? 1 : 0;
    if (isOpaque(inner)) faithful = false;
    if (shape !== undefined) faithful = false;
    bytes += size * elements(shape, where);
    return { name, data_type: inner.dataType as Json };
  });
  if (bytes > MAX_ITEM_BYTES) throw malformed(where, `dtype has elements of ${bytes} bytes`);
  if (!faithful || orders === 3) {
    return opaque(bytes, "its structured data type has no Zarr v3 form");
  }
  return {
    dataType: { name: "struct", configuration: { fields: members } },
    endian: orders === 0 ? undefined : orders === 2 ? "big" : "little",
    unsupported: "structured data types have no portable Zarr v3 form",
  };
}

/** True if the type stands for its bytes only; a nested `struct` is faithful in itself. */
function isOpaque(type: V2DataType): boolean {
  return type.unsupported !== undefined &&
    (typeof type.dataType === "string" || type.dataType.name !== "struct");
}

function elements(shape: Json | undefined, where: string): number {
  const lengths = shape === undefined ? [] : Array.isArray(shape) ? shape : [shape];
  return lengths.reduce<number>((product, length) => {
    const count = toNumber(length);
    if (
      count === undefined || !Number.isSafeInteger(count) || count < 1 || count > MAX_ITEM_BYTES
    ) {
      throw malformed(where, `dtype has a field of shape ${shown(shape)}`);
    }
    return product * count;
  }, 1);
}
