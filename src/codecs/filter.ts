/** What numcodecs' filters on numbers have in common: two types, and a conversion between them. */

import type { Json, JsonObject } from "../json.ts";
import type { Decoder, Decoding, Elements } from "./codec.ts";
import { cast } from "./cast.ts";
import type { Pace } from "./pace.ts";
import { type NumpyType, parseNumpyType, sameType } from "./numpy_type.ts";

/** What a filter's elements were, and what they are stored as. */
export interface FilterTypes {
  /** What the elements are once the filter is undone. */
  readonly decoded: NumpyType;
  /** What the elements are as they are stored. */
  readonly encoded: NumpyType;
}

/** `dtype` and `astype` of a numcodecs filter; `astype` defaults to `dtype`. */
export function filterTypes({ dtype, astype }: JsonObject): FilterTypes | undefined {
  return types(dtype, astype ?? dtype);
}

/** The two types of those names; undefined unless both are numbers. */
export function types(
  decode: Json | undefined,
  encode: Json | undefined,
): FilterTypes | undefined {
  const decoded = parseNumpyType(decode);
  const encoded = parseNumpyType(encode);
  return decoded && encoded && { decoded, encoded };
}

/** True if both types are known, and one. */
export function isOneType(types: FilterTypes | undefined): boolean {
  return types !== undefined && sameType(types.decoded, types.encoded);
}

/** A configuration whose `member`, if it is absent or null, is the elements' own data type. */
export function withDtype(
  configuration: JsonObject,
  member: string,
  { dtype }: Elements,
): JsonObject {
  return (configuration[member] ?? null) === null && dtype !== undefined
    ? { ...configuration, [member]: dtype }
    : configuration;
}

/** The decoder of a filter that only changes the type; or why there is none. */
export function typeDecoder(
  declared: FilterTypes | undefined,
  decoding: Decoding,
): Decoder | string {
  return filterDecoder(
    declared,
    decoding,
    (bytes, { encoded, decoded }, pace) => cast(bytes, encoded, decoded, pace),
  );
}

/**
 * The decoder of a filter whose elements have `declared` types; or why there is none.
 *
 * @param undo gives as many elements of the decoded type as it was given of the encoded one
 */
export function filterDecoder(
  declared: FilterTypes | undefined,
  { decoded: size, endian }: Decoding,
  undo: (bytes: Uint8Array, types: FilterTypes, pace: Pace) => Promise<Uint8Array>,
): Decoder | string {
  if (!declared) return "has data types that are not decoded here";
  const { decoded } = declared;
  const encoded = endian === undefined
    ? declared.encoded
    : { ...declared.encoded, bigEndian: endian === "big" && declared.encoded.bytes > 1 };
  if (size.bytes % decoded.bytes !== 0) return "does not fit the array's data type";
  return {
    decode: (bytes, pace) => undo(bytes, { decoded, encoded }, pace),
    encoded: { bytes: size.bytes / decoded.bytes * encoded.bytes, exact: true },
    inPlace: true,
  };
}
