/** Little-endian numbers in bytes. */

/** The unsigned 32-bit number at `at`. */
export function u32(bytes: Uint8Array, at: number): number {
  return unsigned(bytes, at, 4);
}

/** A little-endian number of 0 to 8 bytes. */
export function unsigned(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
