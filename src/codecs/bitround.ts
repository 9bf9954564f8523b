/** `bitround`: it drops bits of floats when it encodes, and there is nothing to undo. */

import type { Codec } from "./codec.ts";

export const bitRound: Codec = {
  name: "bitround",
  aliases: ["numcodecs.bitround"],
  kind: "array→array",
  isIdentity: () => true,
  fromV2: (configuration) => ({ name: "numcodecs.bitround", configuration }),
};
