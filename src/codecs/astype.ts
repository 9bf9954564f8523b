/** numcodecs' `AsType`: elements of another type. Source: numcodecs/astype.py. */

import type { Codec } from "./codec.ts";
import { isOneType, typeDecoder, types, withDtype } from "./filter.ts";
import { storedAs } from "./numpy_type.ts";

export const asType: Codec = {
  name: "numcodecs.astype",
  aliases: ["astype"],
  kind: "array→array",
  complete: (configuration, elements) => withDtype(configuration, "decode_dtype", elements),
  stored: ({ encode_dtype }) => storedAs(encode_dtype),
  isIdentity: ({ configuration: { decode_dtype, encode_dtype } }) =>
    isOneType(types(decode_dtype, encode_dtype)),
  decoder: ({ configuration: { decode_dtype, encode_dtype } }, decoding) =>
    typeDecoder(types(decode_dtype, encode_dtype), decoding),
};
