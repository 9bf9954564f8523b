/** numcodecs' `FixedScaleOffset`. Source: numcodecs/fixedscaleoffset.py. */

import { toNumber } from "../json.ts";
import { cast, rounding } from "./cast.ts";
import type { Codec } from "./codec.ts";
import { filterDecoder, type FilterTypes, filterTypes, withDtype } from "./filter.ts";
import type { Pace } from "./pace.ts";
import { type NumpyType, storedAs } from "./numpy_type.ts";

export const fixedScaleOffset: Codec = {
  name: "numcodecs.fixedscaleoffset",
  aliases: ["fixedscaleoffset"],
  kind: "array→array",
  complete: (configuration, elements) => withDtype(configuration, "dtype", elements),
  stored: ({ astype }) => storedAs(astype),
  decoder({ configuration }, decoding) {
    const scale = toNumber(configuration.scale) ?? NaN;
    const offset = toNumber(configuration.offset) ?? NaN;
    return Number.isFinite(scale) && Number.isFinite(offset)
      ? filterDecoder(
        filterTypes(configuration),
        decoding,
        (bytes, types, pace) => undo(bytes, types, scale, offset, pace),
      )
      : "has no finite scale and offset";
  },
};

/** `encoded / scale + offset`, in the encoded type if that is a float, else in float64. */
function undo(
  bytes: Uint8Array,
  { decoded, encoded }: FilterTypes,
  scale: number,
  offset: number,
  pace: Pace,
): Promise<Uint8Array> {
  const via: NumpyType = encoded.kind === "float"
    ? encoded
    : { kind: "float", bytes: 8, bigEndian: false };
  // NumPy rounds the scalars to the array's type first, and after each operation.
  const round = rounding(via);
  const [divisor, addend] = [round(scale), round(offset)];
  return cast(bytes, encoded, decoded, pace, {
    via,
    run(block) {
      for (let i = 0; i < block.length; i++) {
        block[i] = round(round(block[i] / divisor) + addend);
      }
    },
  });
}
