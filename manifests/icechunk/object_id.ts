/**
 * Icechunk object ids as text: Crockford base32, most significant bit first, zero bits appended on
 * the right, no padding. 12 bytes (snapshots, manifests, chunks) are 20 characters, 8 bytes (nodes)
 * are 13. Source: the Icechunk specification, "Object ids".
 */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The text of an id: 20 characters for 12 bytes, 13 for 8. */
export function encodeObjectId(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}

/** The 12 bytes of a 20-character id; undefined if `text` is not one in its only spelling. */
export function decodeObjectId(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length !== 20) return undefined;
  const bytes = new Uint8Array(12);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}
