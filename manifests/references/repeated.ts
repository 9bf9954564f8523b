/** Chunks that hold one element again and again: those that were never written. */

import type { ChunkRef } from "../../src/chunk/ref.ts";

/** Bytes of one inline part: an unwritten chunk is as many of them as it takes. */
const FILL_PART_BYTES = 2 ** 20;

/** `total` bytes of `element` again and again (zeros if it has none), in parts that share their bytes. */
export function repeated(
  element: Uint8Array,
  total: number,
): Array<Extract<ChunkRef, { kind: "inline" }>> {
  const size = Math.max(1, element.length);
  const partBytes = Math.min(total, Math.max(1, Math.floor(FILL_PART_BYTES / size)) * size);
  const bytes = new Uint8Array(partBytes);
  if (element.some((byte) => byte !== 0)) {
    bytes.set(element);
    for (let filled = size; filled < partBytes; filled *= 2) bytes.copyWithin(filled, 0, filled);
  }
  const whole = Math.floor(total / partBytes);
  const parts = Array.from({ length: whole }, () => ({ kind: "inline" as const, bytes }));
  const rest = total - whole * partBytes;
  return rest === 0 ? parts : [...parts, { kind: "inline", bytes: bytes.subarray(0, rest) }];
}
