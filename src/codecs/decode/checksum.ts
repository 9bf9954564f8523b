/** Checksums beside the data, as numcodecs writes them: verified, then taken off. */

import * as zlib from "node:zlib";
import { ChunkError } from "../../errors.ts";

/** A 32-bit checksum that numcodecs knows. */
export type ChecksumName = "fletcher32" | "adler32" | "crc32" | "crc32c";

/** Bytes of a checksum. */
export const CHECKSUM_BYTES = 4;

/** Where numcodecs puts each checksum if its configuration does not say. */
export const CHECKSUM_LOCATION: Readonly<Record<ChecksumName, "start" | "end">> = {
  fletcher32: "end",
  adler32: "start",
  crc32: "start",
  crc32c: "end",
};

/** The data beside a checksum. @throws ChunkError if they do not belong together */
export function verifyChecksum(
  name: ChecksumName,
  bytes: Uint8Array,
  location: "start" | "end",
): Uint8Array {
  if (bytes.length < CHECKSUM_BYTES) throw new ChunkError(`A chunk is too short for its ${name}`);
  const end = bytes.length - CHECKSUM_BYTES;
  const data = location === "start" ? bytes.subarray(CHECKSUM_BYTES) : bytes.subarray(0, end);
  const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .getUint32(location === "start" ? 0 : end, true);
  const computed = COMPUTE[name](data);
  // HDF5 before 1.6.3 wrote Fletcher's sums with the bytes of each swapped, and still reads those.
  if (stored !== computed && !(name === "fletcher32" && stored === swapHalves(computed))) {
    throw new ChunkError(`A chunk does not match its ${name}`);
  }
  return data;
}

const COMPUTE: Readonly<Record<ChecksumName, (data: Uint8Array) => number>> = {
  fletcher32,
  adler32,
  crc32: (data) => zlib.crc32(data),
  crc32c,
};

/** Fletcher's checksum over big-endian 16-bit words, as HDF5 has it (H5checksum.c). */
function fletcher32(data: Uint8Array): number {
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

/** RFC 1950 §8.2. */
function adler32(data: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < data.length;) {
    const stop = Math.min(data.length, at + 3800);
    for (; at < stop; at++) {
      a += data[at];
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return (b << 16 | a) >>> 0;
}

/** RFC 3720 appendix B.4. */
function crc32c(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) crc = CRC32C[(crc ^ byte) & 0xff] ^ crc >>> 8;
  return ~crc >>> 0;
}

const CRC32C = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});
