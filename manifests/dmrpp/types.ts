/** DAP4's types as Zarr's, and values of them that are written as text. */

import { type Json, rawNumber } from "../../src/json.ts";
import { floatFromText, floatJson, integerJson } from "../../src/zarr/fill_value.ts";

/** A number's type. */
export interface NumberType {
  /** What it is. */
  readonly kind: "int" | "uint" | "float";
  /** Bytes of one. */
  readonly bytes: number;
}

const NUMBERS: Readonly<Record<string, NumberType>> = {
  Byte: { kind: "uint", bytes: 1 },
  UByte: { kind: "uint", bytes: 1 },
  ...Object.fromEntries(
    [1, 2, 4, 8].flatMap((bytes) => [
      [`Int${8 * bytes}`, { kind: "int", bytes }],
      [`UInt${8 * bytes}`, { kind: "uint", bytes }],
    ]),
  ),
  Float32: { kind: "float", bytes: 4 },
  Float64: { kind: "float", bytes: 8 },
};

/** The types of variables, by which their elements are told from others. */
const OTHERS = new Set(["Char", "String", "URL", "Url", "Enum", "Structure", "Sequence", "Opaque"]);

/** The type of numbers with that name; undefined for any other. */
export function numberType(name: string): NumberType | undefined {
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
}

/** True for the name of a variable's element. */
export function isType(name: string): boolean {
  return Object.hasOwn(NUMBERS, name) || OTHERS.has(name);
}

/** A number as Zarr's fill values spell it; undefined for what is none of the type. */
export function numberOf(text: string, { kind, bytes }: NumberType): Json | undefined {
  const plain = text.trim();
  if (kind === "float") {
    const value = plain === "*" ? NaN : floatOf(plain);
    return value === undefined ? undefined : floatJson(bytes === 4 ? Math.fround(value) : value);
  }
  if (!/^[+-]?\d+(?:\.0*)?$/.test(plain)) return undefined;
  const value = BigInt(plain.replace(/^\+/, "").replace(/\..*$/, ""));
  const own = (kind === "int" ? BigInt.asIntN : BigInt.asUintN)(8 * bytes, value);
  return own === value ? integerJson(value) : undefined;
}

function floatOf(text: string): number | undefined {
  const named = /^([+-]?)(nan|inf(?:inity)?)f?$/i.exec(text);
  if (named) {
    if (named[2].toLowerCase() === "nan") return NaN;
    return named[1] === "-" ? -Infinity : Infinity;
  }
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?f?$/i.test(text)
    ? floatFromText(text.replace(/f$/i, "").replace(/^\+/, "")) ?? Number(text.replace(/f$/i, ""))
    : undefined;
}

/** An attribute as netCDF has it: one value is a scalar, a float keeps its point. Text where it is no number. */
export function attributeValue(type: string, values: readonly string[]): Json {
  const number = numberType(type);
  if (!number) return values.length > 1 ? [...values] : values[0] ?? "";
  const numbers = values.map((text): Json => {
    const value = numberOf(text, number);
    if (value === undefined) return text;
    return number.kind === "float" && typeof value === "number" && /^-?\d+$/.test(`${value}`)
      ? rawNumber(`${value}.0`)
      : value;
  });
  return numbers.length === 1 ? numbers[0] : numbers;
}
