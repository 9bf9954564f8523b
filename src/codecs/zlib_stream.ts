/** Streams of `node:zlib`, fed in pieces, so that others have their turn between. */

import type { Gunzip, Inflate, ZstdCompress, ZstdDecompress } from "node:zlib";
import { copyOf, type Pace } from "./pace.ts";
import { type Size, tooLong } from "./size.ts";

/** A stream that compresses or decompresses. */
export type ByteStream = Gunzip | Inflate | ZstdCompress | ZstdDecompress;

/** Bytes that are fed at a time, a millisecond or two; decompressing gives up to a thousand times as many. */
const FED_BYTES = { compress: 262_144, decompress: 16_384 };

/**
 * All that `stream` makes of `bytes`.
 *
 * @param size what that is, or is at most
 * @throws ChunkError if it is more; what the stream fails with
 */
export async function throughStream(
  stream: ByteStream,
  bytes: Uint8Array,
  size: Size,
  pace: Pace,
  direction: "compress" | "decompress",
): Promise<Uint8Array> {
  const fedBytes = FED_BYTES[direction];
  // What is made of unknown length is collected: a small result must not hold on to a large buffer.
  const whole = size.exact ? new Uint8Array(size.bytes) : undefined;
  const pieces: Uint8Array[] = [];
  let filled = 0;
  let fault: unknown;
  const ended = new Promise<void>((resolve) => {
    stream.on("end", resolve);
    stream.on("close", resolve);
    stream.on("error", (error: Error) => {
      fault ??= error;
      resolve();
    });
  });
  stream.on("data", (piece: Uint8Array) => {
    const end = filled + piece.length;
    if (fault !== undefined) return;
    if (end > size.bytes) {
      fault = tooLong("A chunk", size);
      stream.destroy();
      return;
    }
    if (whole) whole.set(piece, filled);
    else pieces.push(piece);
    filled = end;
  });
  for (let at = 0; at < bytes.length && fault === undefined; at += fedBytes) {
    const piece = bytes.subarray(at, at + fedBytes);
    await Promise.race([ended, new Promise((fed) => stream.write(piece, fed))]);
    if (pace.due()) await pace.turn();
  }
  if (fault === undefined) stream.end();
  await ended;
  if (fault !== undefined) throw fault;
  return whole ? whole.subarray(0, filled) : await copyOf(pieces, pace);
}
