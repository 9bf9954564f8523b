/** Strong entity tags from what determines a body. */

import { sha256 } from "@noble/hashes/sha2.js";

const encoder = new TextEncoder();

/** 96 bits of SHA-256 over `data`, as a quoted entity tag. */
export function entityTag(data: string | Uint8Array): string {
  const hash = sha256(typeof data === "string" ? encoder.encode(data) : data);
  return `"${hash.subarray(0, 12).toHex()}"`;
}
