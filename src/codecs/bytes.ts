/** `bytes`: elements of a fixed size, one after the other. */

import type { Codec } from "./codec.ts";

export const bytes: Codec = {
  name: "bytes",
  kind: "array→bytes",
  portable: ({ source }) => ({ ...source, name: "bytes" }),
  decoder: (_stage, { decoded }) => ({
    decode: (encoded) => encoded,
    encoded: decoded,
    isView: true,
  }),
};
