/** bzip2, by the library `seek-bzip`. */

import Bunzip from "seek-bzip";
import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { checkSize, compressed, type Size, tooLong } from "./size.ts";

export const bz2: Codec = {
  name: "numcodecs.bz2",
  aliases: ["bz2"],
  kind: "bytes→bytes",
  decoder: (_stage, { decoded }) => ({
    decode: (bytes) => decodeBz2(bytes, decoded),
    encoded: compressed(decoded),
    // A buffer that grows is there twice for a moment.
    ...(!decoded.exact && { scratchBytes: decoded.bytes }),
  }),
};

interface BunzipInput {
  readByte(): number;
  read(buffer: Uint8Array, offset: number, length: number): number;
  eof(): boolean;
}

// The library has no types.
const decode = (Bunzip as unknown as {
  decode(input: BunzipInput, output: { writeByte(byte: number): void }, multistream: true): void;
}).decode;

/**
 * Decompresses all bzip2 streams in `bytes`, checksums verified.
 *
 * @throws ChunkError
 */
function decodeBz2(bytes: Uint8Array, size: Size): Uint8Array {
  const out = new Growing(size);
  try {
    decode(new Input(bytes), out, true);
  } catch (cause) {
    if (cause instanceof ChunkError) throw cause;
    throw new ChunkError("bz2 data are corrupt or cut short", {}, cause);
  }
  checkSize("bz2", out.length, size);
  return out.bytes.subarray(0, out.length);
}

/** The library takes a read beyond the end for zeros; this one fails. */
class Input implements BunzipInput {
  #position = 0;
  constructor(readonly bytes: Uint8Array) {}

  readByte(): number {
    if (this.#position >= this.bytes.length) throw new ChunkError("bz2 data are cut short");
    return this.bytes[this.#position++];
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    const part = this.bytes.subarray(this.#position, this.#position + length);
    buffer.set(part, offset);
    this.#position += part.length;
    return part.length;
  }

  eof(): boolean {
    return this.#position >= this.bytes.length;
  }
}

class Growing {
  length = 0;
  bytes: Uint8Array;
  constructor(readonly size: Size) {
    this.bytes = new Uint8Array(size.exact ? size.bytes : Math.min(size.bytes, 65536));
  }

  writeByte(byte: number): void {
    if (this.length === this.bytes.length) {
      if (this.length >= this.size.bytes) throw tooLong("bz2", this.size);
      const grown = new Uint8Array(Math.min(this.size.bytes, this.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = byte;
  }
}
