/** NumPy's conversions between number types, and which type an operation on two is done in. */

import { ChunkError } from "../../errors.ts";
import { allocate, type Elements, type NumpyType } from "./numpy_type.ts";

/**
 * `elements` as type `to`, by the rules of NumPy's `astype`: integers wrap around, floats become
 * integers by dropping their fraction.
 *
 * @throws ChunkError where NumPy's own result depends on the machine: a float that is no number or
 * beyond the integer type
 */
export function cast(elements: Elements, from: NumpyType, to: NumpyType): Elements {
  if (from.kind === to.kind && from.bytes === to.bytes) return elements;
  const out = allocate(to, elements.length);
  const convert = conversion(from, to);
  // The arrays' element types differ only in what `convert` bridges.
  const source = elements as ArrayLike<number | bigint>;
  const target = out as unknown as (number | bigint)[];
  for (let i = 0; i < source.length; i++) target[i] = convert(source[i]);
  return out;
}

type Convert = (value: number | bigint) => number | bigint;

const isWide = ({ kind, bytes }: NumpyType) => bytes === 8 && (kind === "int" || kind === "uint");

// Assigning to the target's typed array wraps integers and rounds floats.
function conversion(from: NumpyType, to: NumpyType): Convert {
  if (to.kind === "bool") return (value) => Number(value) !== 0 ? 1 : 0;
  if (from.kind === "bool") {
    return isWide(to) ? (value) => value ? 1n : 0n : (value) => value ? 1 : 0;
  }
  if (to.kind === "float") {
    if (!isWide(from)) return (value) => value;
    return to.bytes === 8 ? Number : (value) => roundToOdd(value as bigint);
  }
  if (from.kind === "float") {
    const convert = floatToInteger(to);
    return (value) => convert(value as number);
  }
  if (isWide(to)) return BigInt;
  return isWide(from) ? (value) => Number(BigInt.asIntN(32, value as bigint)) : (value) => value;
}

function floatToInteger(to: NumpyType): (value: number) => number | bigint {
  const bits = to.bytes * 8;
  const least = to.kind === "int" ? -(2 ** (bits - 1)) : 0;
  const beyond = to.kind === "int" ? 2 ** (bits - 1) : 2 ** bits;
  const wide = isWide(to);
  return (value) => {
    const whole = Math.trunc(value);
    if (!(whole >= least && whole < beyond)) {
      throw new ChunkError(`The value ${value} does not fit ${to.kind}${bits}`);
    }
    return wide ? BigInt(whole) : whole;
  };
}

/**
 * A 64-bit integer as a double that a narrower float is rounded from as from the integer itself: what
 * does not fit 53 bits only leaves its mark in the last.
 */
function roundToOdd(value: bigint): number {
  if (value >= -(2n ** 53n) && value <= 2n ** 53n) return Number(value);
  const kept = value >> 11n << 11n;
  return Number(kept === value ? kept : kept | 1n << 11n);
}

/** The type that NumPy computes in for operands of types `a` and `b` (`numpy.promote_types`). */
export function promote(a: NumpyType, b: NumpyType): NumpyType {
  const native = (kind: NumpyType["kind"], bytes: number): NumpyType => ({
    kind,
    bytes: bytes as NumpyType["bytes"],
    bigEndian: false,
  });
  if (a.kind === b.kind) return native(a.kind, Math.max(a.bytes, b.bytes));
  if (a.kind === "bool") return native(b.kind, b.bytes);
  if (b.kind === "bool") return native(a.kind, a.bytes);
  if (a.kind === "float" || b.kind === "float") {
    const [float, integer] = a.kind === "float" ? [a, b] : [b, a];
    return native("float", Math.min(8, Math.max(float.bytes, integer.bytes * 2)));
  }
  const [signed, unsigned] = a.kind === "int" ? [a, b] : [b, a];
  if (signed.bytes > unsigned.bytes) return native("int", signed.bytes);
  return unsigned.bytes === 8 ? native("float", 8) : native("int", unsigned.bytes * 2);
}
