/** Who may read a dataset: a list of bearer tokens, compared in constant time. */

import { sha256 } from "@noble/hashes/sha2.js";
import { SluiceError } from "../errors.ts";

const encoder = new TextEncoder();

/**
 * Lets a request through if the dataset is open or the request carries one of its tokens.
 *
 * @param tokens the dataset's tokens; undefined if everybody may read it
 * @throws SluiceError `unauthorized`
 */
export function authorize(tokens: readonly string[] | undefined, request: Request): void {
  if (tokens === undefined) return;
  const given = bearerToken(request);
  if (given === undefined) throw new SluiceError("unauthorized", "This dataset needs a token");
  const digest = sha256(encoder.encode(given));
  let allowed = false;
  // Every token is compared, so the time tells neither which one matched nor how much of it.
  for (const token of tokens) {
    if (sameBytes(digest, sha256(encoder.encode(token)))) allowed = true;
  }
  if (!allowed) throw new SluiceError("unauthorized", "This dataset does not take that token");
}

export function bearerToken(request: Request): string | undefined {
  return /^Bearer +([^\s]+)\s*$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}
