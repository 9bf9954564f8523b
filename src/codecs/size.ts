/** How much a decoding may give: the guard against bombs and against short data. */

import { ChunkError } from "../errors.ts";

/** Bytes that a decoding gives: exactly that many, or at most. */
export interface Size {
  /** The most that it may give. */
  readonly bytes: number;
  /** True if it must give no less either. */
  readonly exact: boolean;
}

/** Checks what `codec` gave, or says that it will give. @throws ChunkError */
export function checkSize(codec: string, given: number, size: Size): void {
  if (given > size.bytes) throw tooLong(codec, size);
  if (size.exact && given !== size.bytes) {
    throw new ChunkError(`${codec} gave ${given} bytes, not ${size.bytes}`);
  }
}

/** The error for a decoding that went over its size. */
export function tooLong(codec: string, size: Size, cause?: unknown): ChunkError {
  return new ChunkError(`${codec} gave more than ${size.bytes} bytes`, {}, cause);
}

/** What compressing gives at most: no compressor here grows its input by more. */
export function compressed(size: Size): Size {
  return { bytes: size.bytes * 2 + 65536, exact: false };
}
