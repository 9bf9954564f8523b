/** The checksum of HDF5's metadata: Bob Jenkins' lookup3 (`hashlittle`), with an initial value of 0. */

import { IndexError } from "../../src/errors.ts";

const rotate = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));

/** lookup3's hash of `bytes`, 32 bits. */
export function lookup3(bytes: Uint8Array): number {
  let length = bytes.length;
  let a = (0xdeadbeef + length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  const word = (from: number, most: number) => {
    let value = 0;
    for (let i = 0; i < 4 && i < most; i++) value |= bytes[from + i] << (8 * i);
    return value;
  };
  while (length > 12) {
    a = (a + word(at, 4)) | 0;
    b = (b + word(at + 4, 4)) | 0;
    c = (c + word(at + 8, 4)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
    length -= 12;
    at += 12;
  }
  if (length === 0) return c >>> 0;
  a = (a + word(at, length)) | 0;
  if (length > 4) b = (b + word(at + 4, length - 4)) | 0;
  if (length > 8) c = (c + word(at + 8, length - 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

/** Checks that the last four of `bytes` are the checksum of the others. @throws IndexError */
export function verifyChecksum(bytes: Uint8Array, what: string): void {
  const end = bytes.length - 4;
  const stored = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
  if (lookup3(bytes.subarray(0, end)) !== stored) {
    throw new IndexError(`The checksum of ${what} is wrong: the file is damaged`);
  }
}
