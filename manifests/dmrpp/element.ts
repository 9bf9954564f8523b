/** What an element of a variable is as Zarr's, and how it is stored. */

import type { Json, JsonObject } from "../../src/json.ts";
import type { Codec, DataType } from "../../src/zarr/metadata.ts";
import { integerValue } from "../../src/zarr/fill_value.ts";
import { numberOf, type NumberType, numberType } from "./types.ts";

/** An enumeration of the document: its values by their names. */
export interface Enumeration {
  /** The type of its values. */
  readonly base: string;
  /** Names. */
  readonly names: readonly string[];
  /** Values, as text. */
  readonly values: readonly string[];
}

/** Text of a fixed length. */
export interface FixedText {
  /** Bytes of one. */
  readonly bytes: number;
  /** `null_pad`, `null_term`, `space_pad` or `not_set`. */
  readonly padding: string;
}

/** An element of an array. */
export interface Element {
  /** Zarr v3's data type. */
  readonly dataType: DataType;
  /** The codecs that read the stored bytes as elements. */
  readonly codecs: readonly Codec[];
  /** Bytes of one as it is stored. */
  readonly bytes: number;
  /** True for what has a fill value. */
  readonly isNumber: boolean;
  /** What CF says of an enumeration. */
  readonly attributes: JsonObject;
  /** Why it has no Zarr form. */
  readonly reason?: string;
  /** A value that the document writes as text, as a fill value; undefined if it is none. */
  value(text: string): Json;
  /** The bytes of a fill value. */
  stored(value: Json): Uint8Array;
}

/** The element of a variable. @param type DAP's; `text` for text that the document itself has */
export function variableElement(
  type: string,
  fixed: FixedText | undefined,
  enumeration: Enumeration | undefined,
  isBigEndian: boolean,
): Element {
  const number = numberType(type === "Enum" ? enumeration?.base ?? "" : type);
  if (type === "text") return other("string", [{ name: "vlen-utf8" }], 1);
  if (number) {
    const element = numbers(number, isBigEndian);
    return type === "Enum" ? enumerated(element, number, enumeration!) : element;
  }
  if (type === "Char" || fixed && fixed.bytes > 0 && /^(?:String|U[Rr][Ll])$/.test(type)) {
    return fixedText(type === "Char" ? { bytes: 1, padding: "null_pad" } : fixed!);
  }
  return {
    ...other({ name: "raw_bytes", configuration: { length_bytes: 1 } }, [{ name: "bytes" }], 1),
    reason: type === "Enum"
      ? "its enumeration is not in the document"
      : "its elements are not of a known size",
  };
}

function other(dataType: DataType, codecs: readonly Codec[], bytes: number): Element {
  return {
    dataType,
    codecs,
    bytes,
    isNumber: false,
    attributes: {},
    value: () => "",
    stored: () => new Uint8Array(bytes),
  };
}

function fixedText({ bytes, padding }: FixedText): Element {
  const ended = padding === "space_pad" ? "space-padded" : "null-terminated";
  const isPlain = padding === "null_pad" || padding === "not_set" ||
    padding === "null_term" && bytes === 1;
  return other(
    { name: "null_terminated_bytes", configuration: { length_bytes: bytes } },
    [
      { name: "bytes" },
      ...(isPlain ? [] : [{ name: "hdf5.text", configuration: { bytes, padding: ended } }]),
    ],
    bytes,
  );
}

function numbers(type: NumberType, isBigEndian: boolean): Element {
  const { kind, bytes } = type;
  return {
    dataType: `${kind}${8 * bytes}`,
    codecs: [
      bytes === 1
        ? { name: "bytes" }
        : { name: "bytes", configuration: { endian: isBigEndian ? "big" : "little" } },
    ],
    bytes,
    isNumber: true,
    attributes: {},
    value: (text) => numberOf(text, type) ?? 0,
    stored(value) {
      const view = new DataView(new ArrayBuffer(8));
      const little = !isBigEndian;
      if (kind === "float") {
        if (bytes === 4) view.setFloat32(0, Number(value), little);
        else view.setFloat64(0, Number(value), little);
      } else {
        const bits = BigInt.asUintN(8 * bytes, integerValue(value) ?? 0n);
        view.setBigUint64(0, little ? bits : bits << BigInt(64 - 8 * bytes), little);
      }
      return new Uint8Array(view.buffer, 0, bytes);
    },
  };
}

/** As HDF5's enumerations are shown. */
function enumerated(element: Element, type: NumberType, { names, values }: Enumeration): Element {
  const isBoolean = type.bytes === 1 && names.join() === "FALSE,TRUE" && values.join() === "0,1";
  if (isBoolean) {
    return {
      ...element,
      dataType: "bool",
      isNumber: false,
      value: (text) => numberOf(text, type) === 1,
    };
  }
  return {
    ...element,
    attributes: {
      flag_values: values.map((text) => numberOf(text, type) ?? text),
      flag_meanings: names.map((name) => name.replaceAll(" ", "_")).join(" "),
    },
  };
}
