/**
 * numcodecs' `Quantize`: floats of fewer digits, perhaps narrower ones; there is nothing to undo but
 * the type. Source: numcodecs/quantize.py.
 */

import type { Codec } from "./codec.ts";
import { filterTypes, isOneType, typeDecoder, withDtype } from "./filter.ts";

export const quantize: Codec = {
  name: "numcodecs.quantize",
  aliases: ["quantize"],
  kind: "array→array",
  complete: (configuration, elements) => withDtype(configuration, "dtype", elements),
  isIdentity: ({ configuration }) => isOneType(filterTypes(configuration)),
  decoder({ configuration }, decoding) {
    const types = filterTypes(configuration);
    const floats = !types || types.decoded.kind === "float" && types.encoded.kind === "float";
    return floats ? typeDecoder(types, decoding) : "is for floats";
  },
};
