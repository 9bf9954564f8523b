/** Text of a fixed length that is ended by a NUL, or by spaces, as text that is ended by NULs alone. */

import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";

/** The row of `hdf5.text`: every `bytes` a text, its `padding` `null-terminated` or `space-padded`. */
export const hdf5Text: Codec = {
  name: "hdf5.text",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const length = integer(configuration.bytes, 1);
    const { padding } = configuration;
    if (length === undefined || decoded.bytes % length !== 0) {
      return "does not fit the array's data type";
    }
    if (padding !== "null-terminated" && padding !== "space-padded") return "has another padding";
    const lengthOf = padding === "space-padded" ? unspaced : terminated;
    return {
      encoded: decoded,
      inPlace: true,
      decode(bytes) {
        for (let at = 0; at < bytes.length; at += length) {
          const text = bytes.subarray(at, at + length);
          text.fill(0, lengthOf(text));
        }
        return bytes;
      },
    };
  },
};

function terminated(text: Uint8Array): number {
  const end = text.indexOf(0);
  return end < 0 ? text.length : end;
}

function unspaced(text: Uint8Array): number {
  return text.findLastIndex((byte) => byte !== 0x20) + 1;
}
