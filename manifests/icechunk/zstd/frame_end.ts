/** Where a Zstandard frame ends, from its block headers alone. Source: RFC 8878 §3.1.1. */

/**
 * The position behind the frame at the start of `bytes`; undefined if the frame is cut short or is
 * none. (Deno's and workerd's decoders end cleanly on a frame that is cut short.)
 */
export function zstdFrameEnd(bytes: Uint8Array): number | undefined {
  if (
    bytes.length < 6 ||
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== 0xfd2fb528
  ) {
    return undefined;
  }
  const descriptor = bytes[4];
  const singleSegment = (descriptor & 0x20) !== 0;
  let at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3] +
    [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6];
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) return undefined;
    const header = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    last = (header & 1) !== 0;
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >>> 3);
  }
  at += (descriptor & 0x04) !== 0 ? 4 : 0;
  return at <= bytes.length ? at : undefined;
}
