/** Blosc-1 chunks. Source: c-blosc README_CHUNK_FORMAT.rst, and `blosc_d` in its blosc.c. */

import { ChunkError } from "../../errors.ts";
import { decodeBloscLz } from "./blosclz.ts";
import { decompress } from "./decompress.ts";
import { decodeLz4Block } from "./lz4.ts";
import { bitUnshuffle, unshuffle } from "./shuffle.ts";
import { checkSize, type Size } from "./size.ts";

const HEADER_BYTES = 16;
const SHUFFLED = 0x01;
const STORED = 0x02;
const BIT_SHUFFLED = 0x04;
const RESERVED = 0x08;
const NOT_SPLIT = 0x10;

// Blosc before 1.11 split a block by these rules, without a flag to tell.
const MAX_SPLITS = 16;
const MIN_SPLIT_BYTES = 128;

interface Header {
  readonly flags: number;
  readonly typesize: number;
  readonly nbytes: number;
  readonly blocksize: number;
}

/** Decodes one chunk. @throws ChunkError */
export async function decodeBlosc(bytes: Uint8Array, size: Size): Promise<Uint8Array> {
  const { chunk, view, header } = readHeader(bytes);
  const { nbytes, blocksize, flags } = header;
  // Before anything is allocated.
  checkSize("blosc", nbytes, size);
  if (nbytes === 0) return new Uint8Array(0);
  if (flags & STORED) {
    if (chunk.length !== HEADER_BYTES + nbytes) throw corrupt();
    return chunk.subarray(HEADER_BYTES);
  }
  if (blocksize === 0 || header.typesize === 0) throw corrupt();
  const blocks = Math.ceil(nbytes / blocksize);
  if (HEADER_BYTES + blocks * 4 > chunk.length) throw corrupt();
  const out = new Uint8Array(nbytes);
  for (let block = 0; block < blocks; block++) {
    const start = block * blocksize;
    const length = Math.min(blocksize, nbytes - start);
    const from = view.getUint32(HEADER_BYTES + block * 4, true);
    out.set(await decodeBlock(chunk, view, header, from, length), start);
  }
  return out;
}

function readHeader(bytes: Uint8Array): { chunk: Uint8Array; view: DataView; header: Header } {
  if (bytes.length < HEADER_BYTES) throw corrupt();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cbytes = view.getUint32(12, true);
  if (bytes[0] !== 2 || bytes[2] & RESERVED) {
    throw new ChunkError(`Blosc chunks of format version ${bytes[0]} are not read here`);
  }
  if (cbytes < HEADER_BYTES || cbytes > bytes.length) throw corrupt();
  const header = {
    flags: bytes[2],
    typesize: bytes[3],
    nbytes: view.getUint32(4, true),
    blocksize: view.getUint32(8, true),
  };
  return { chunk: bytes.subarray(0, cbytes), view, header };
}

async function decodeBlock(
  chunk: Uint8Array,
  view: DataView,
  { flags, typesize, blocksize }: Header,
  from: number,
  length: number,
): Promise<Uint8Array> {
  const split = !(flags & NOT_SPLIT) && length === blocksize && typesize <= MAX_SPLITS &&
    Math.floor(blocksize / typesize) >= MIN_SPLIT_BYTES;
  const parts = split ? typesize : 1;
  const partBytes = Math.floor(length / parts);
  if (partBytes * parts !== length) throw corrupt();
  const block = new Uint8Array(length);
  let read = from;
  for (let part = 0; part < parts; part++) {
    if (read + 4 > chunk.length) throw corrupt();
    const encoded = view.getUint32(read, true);
    read += 4;
    if (read + encoded > chunk.length) throw corrupt();
    const payload = chunk.subarray(read, read + encoded);
    read += encoded;
    block.set(
      encoded === partBytes ? payload : await decodePart(flags >> 5, payload, partBytes),
      part * partBytes,
    );
  }
  if (flags & SHUFFLED && typesize > 1) return unshuffle(block, typesize);
  if (flags & BIT_SHUFFLED && length >= typesize) return bitUnshuffle(block, typesize);
  return block;
}

function decodePart(
  codec: number,
  payload: Uint8Array,
  length: number,
): Uint8Array | Promise<Uint8Array> {
  switch (codec) {
    case 0:
      return decodeBloscLz(payload, length);
    case 1:
      return decodeLz4Block(payload, length);
    case 3:
      return decompress("zlib", payload, { bytes: length, exact: true });
    case 4:
      return decompress("zstd", payload, { bytes: length, exact: true });
    default:
      throw new ChunkError(`Blosc's inner codec ${codec} is not decoded here`);
  }
}

function corrupt(): ChunkError {
  return new ChunkError("A Blosc chunk is corrupt or cut short");
}
