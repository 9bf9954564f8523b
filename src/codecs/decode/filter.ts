/** numcodecs' filters on numbers. Source: numcodecs/{delta,fixedscaleoffset,astype,packbits}.py. */

import { ChunkError } from "../../errors.ts";
import { cast, promote } from "./cast.ts";
import { allocate, type NumpyType, readElements, writeElements } from "./numpy_type.ts";

/** What a filter's elements were, and what they are stored as. */
export interface FilterTypes {
  /** What the elements are once the filter is undone. */
  readonly decoded: NumpyType;
  /** What the elements are as they are stored. */
  readonly encoded: NumpyType;
}

/** Undoes `AsType` and `Quantize`: only the type changes. @throws ChunkError */
export function decodeAsType(bytes: Uint8Array, { decoded, encoded }: FilterTypes): Uint8Array {
  return writeElements(cast(readElements(bytes, encoded), encoded, decoded), decoded);
}

/**
 * Undoes `Delta`: running sums, in the type that NumPy's `cumsum(encoded, out=decoded)` adds in.
 *
 * @throws ChunkError
 */
export function decodeDelta(bytes: Uint8Array, { decoded, encoded }: FilterTypes): Uint8Array {
  const type = promote(encoded, decoded);
  const sums = cast(readElements(bytes, encoded), encoded, type);
  // Storing into the typed array wraps integers and rounds floats after each addition.
  if (sums instanceof BigInt64Array || sums instanceof BigUint64Array) {
    for (let i = 1; i < sums.length; i++) sums[i] += sums[i - 1];
  } else {
    for (let i = 1; i < sums.length; i++) sums[i] += sums[i - 1];
  }
  return writeElements(cast(sums, type, decoded), decoded);
}

/**
 * Undoes `FixedScaleOffset`: `encoded / scale + offset`, in the encoded type if that is a float, else
 * in float64.
 *
 * @throws ChunkError
 */
export function decodeFixedScaleOffset(
  bytes: Uint8Array,
  { decoded, encoded }: FilterTypes,
  scale: number,
  offset: number,
): Uint8Array {
  const type: NumpyType = encoded.kind === "float"
    ? { ...encoded, bigEndian: false }
    : { kind: "float", bytes: 8, bigEndian: false };
  const values = cast(readElements(bytes, encoded), encoded, type) as Float64Array<ArrayBuffer>;
  // NumPy rounds the scalars to the array's type first, and after each operation.
  const scalars = allocate(type, 2) as Float64Array<ArrayBuffer>;
  scalars.set([scale, offset]);
  const [divisor, addend] = scalars;
  for (let i = 0; i < values.length; i++) {
    values[i] = values[i] / divisor;
    values[i] += addend;
  }
  return writeElements(cast(values, type, decoded), decoded);
}

/**
 * Undoes `PackBits`: how many bits of the last byte are padding, then eight booleans to a byte, the
 * first in the highest bit.
 *
 * @param count booleans
 * @throws ChunkError if there are not so many
 */
export function decodePackBits(bytes: Uint8Array, count: number): Uint8Array {
  const padding = (8 - count % 8) % 8;
  if (bytes.length !== 1 + Math.ceil(count / 8) || bytes[0] !== padding) {
    throw new ChunkError(`packbits did not give ${count} values`);
  }
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = bytes[1 + (i >> 3)] >> (7 - (i & 7)) & 1;
  return out;
}
