/** HDF5's Fletcher checksum, behind the data. */

import { checksumDecoder } from "./checksum.ts";
import type { Codec } from "./codec.ts";

export const fletcher32: Codec = {
  name: "numcodecs.fletcher32",
  aliases: ["fletcher32"],
  kind: "bytes→bytes",
  // HDF5 before 1.6.3 wrote the sums with the bytes of each swapped, and still reads those.
  decoder: checksumDecoder(
    "fletcher32",
    sum,
    "end",
    (stored, computed) => stored === swapHalves(computed),
  ),
};

/** Fletcher's checksum over big-endian 16-bit words, as HDF5 has it (H5checksum.c). */
function sum(data: Uint8Array): number {
  let low = 0;
  let high = 0;
  const even = data.length & ~1;
  for (let at = 0; at < even;) {
    // Sums of 360 words stay below 2³².
    const stop = Math.min(even, at + 720);
    for (; at < stop; at += 2) {
      low += data[at] << 8 | data[at + 1];
      high += low;
    }
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  if (even < data.length) {
    low += data[even] << 8;
    high += low;
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  low = (low & 0xffff) + (low >>> 16);
  high = (high & 0xffff) + (high >>> 16);
  return (high << 16 | low) >>> 0;
}

function swapHalves(sum: number): number {
  return ((sum & 0x00ff00ff) << 8 | sum >>> 8 & 0x00ff00ff) >>> 0;
}
