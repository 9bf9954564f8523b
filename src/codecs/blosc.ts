/** Blosc-1 chunks. Source: c-blosc README_CHUNK_FORMAT.rst, and `blosc_d` in its blosc.c. */

import { ChunkError } from "../errors.ts";
import { type Json, type JsonObject, toNumber } from "../json.ts";
import { STORED_HEADER_BYTES, storedFrame } from "./blosc_frame.ts";
import { decodeBloscLz } from "./blosclz.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { decompress } from "./decompress.ts";
import { decodeLz4Block } from "./lz4.ts";
import type { Pace } from "./pace.ts";
import { bitUnshuffle, unshuffle } from "./shuffle.ts";
import { checkSize, compressed, type Size } from "./size.ts";

const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];
const COMPRESSORS = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"];

export const blosc: Codec = {
  name: "blosc",
  aliases: ["numcodecs.blosc"],
  kind: "bytes→bytes",
  // What was compressed is told by each chunk's own header; the configuration only has to be valid.
  portable: ({ configuration, elements }) => complete(configuration, elements.itemBytes ?? 1),
  decoder({ configuration }, { decoded }) {
    if (configuration.cname === "snappy") return "with snappy has no decoder here";
    return {
      decode: (bytes, pace) => decodeBlosc(bytes, decoded, pace),
      encoded: compressed(decoded),
      // A block before it is unshuffled, and one part of it.
      scratchBytes: decoded.bytes * 1.5,
    };
  },
  encoder: ({ typesize }) => ({
    encode: (bytes) =>
      storedFrame({
        cname: "lz4",
        shuffle: false,
        typesize: integer(typesize, 1, 255) ?? 1,
        nbytes: bytes.length,
      }, bytes),
    encoded: (bytes) => ({ bytes: STORED_HEADER_BYTES + bytes, exact: true }),
  }),
  fromV2: (configuration, { itemBytes = 1 }) =>
    complete(configuration, itemBytes) ?? { name: "numcodecs.blosc", configuration },
  toV2: ({ cname, clevel, shuffle, blocksize }) => ({
    cname: cname ?? "lz4",
    clevel: clevel ?? 5,
    shuffle: SHUFFLES.indexOf(typeof shuffle === "string" ? shuffle : "shuffle"),
    blocksize: blocksize ?? 0,
  }),
};

/** Strict readers want each member. */
function complete(configuration: JsonObject, itemBytes: number) {
  const { cname = "lz4" } = configuration;
  // Blosc itself takes wider elements for single bytes.
  const typesize = integer(configuration.typesize, 1, 255) ??
    (integer(itemBytes, 1, 255) ?? 1);
  const shuffle = shuffleName(configuration.shuffle, itemBytes);
  if (typeof cname !== "string" || !COMPRESSORS.includes(cname) || !shuffle) return undefined;
  return {
    name: "blosc",
    configuration: {
      typesize,
      cname,
      clevel: integer(configuration.clevel, 0, 9) ?? 5,
      shuffle,
      blocksize: integer(configuration.blocksize, 0, 2 ** 31 - 1) ?? 0,
    },
  };
}

/** A v3 name stays; of numcodecs' numbers −1 chooses by the element size. */
function shuffleName(shuffle: Json | undefined, itemBytes: number): string | undefined {
  if (typeof shuffle === "string") return SHUFFLES.find((name) => name === shuffle);
  const number = toNumber(shuffle) ?? 1;
  return number === -1 ? SHUFFLES[itemBytes === 1 ? 2 : 1] : SHUFFLES[number];
}

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

async function decodeBlosc(bytes: Uint8Array, size: Size, pace: Pace): Promise<Uint8Array> {
  const { chunk, view, header } = readHeader(bytes);
  const { nbytes, blocksize, flags } = header;
  // Before anything is allocated.
  checkSize("blosc", nbytes, size);
  if (nbytes === 0) return new Uint8Array(0);
  if (flags & STORED) {
    if (chunk.length !== STORED_HEADER_BYTES + nbytes) throw corrupt();
    return chunk.subarray(STORED_HEADER_BYTES);
  }
  if (blocksize === 0 || header.typesize === 0) throw corrupt();
  const blocks = Math.ceil(nbytes / blocksize);
  if (STORED_HEADER_BYTES + blocks * 4 > chunk.length) throw corrupt();
  const out = new Uint8Array(nbytes);
  for (let block = 0; block < blocks; block++) {
    if (pace.due()) await pace.turn();
    const start = block * blocksize;
    const length = Math.min(blocksize, nbytes - start);
    const from = view.getUint32(STORED_HEADER_BYTES + block * 4, true);
    await decodeBlock(chunk, view, header, from, out.subarray(start, start + length), pace);
  }
  return out;
}

function readHeader(bytes: Uint8Array): { chunk: Uint8Array; view: DataView; header: Header } {
  if (bytes.length < STORED_HEADER_BYTES) throw corrupt();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cbytes = view.getUint32(12, true);
  if (bytes[0] !== 2 || bytes[2] & RESERVED) {
    throw new ChunkError(`Blosc chunks of format version ${bytes[0]} are not read here`);
  }
  if (cbytes < STORED_HEADER_BYTES || cbytes > bytes.length) throw corrupt();
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
  out: Uint8Array,
  pace: Pace,
): Promise<void> {
  const { length } = out;
  const split = !(flags & NOT_SPLIT) && length === blocksize && typesize <= MAX_SPLITS &&
    Math.floor(blocksize / typesize) >= MIN_SPLIT_BYTES;
  const parts = split ? typesize : 1;
  const partBytes = Math.floor(length / parts);
  if (partBytes * parts !== length) throw corrupt();
  const unfilter = flags & SHUFFLED && typesize > 1
    ? unshuffle
    : flags & BIT_SHUFFLED && length >= typesize
    ? bitUnshuffle
    : undefined;
  const block = unfilter ? new Uint8Array(length) : out;
  let read = from;
  for (let part = 0; part < parts; part++) {
    if (read + 4 > chunk.length) throw corrupt();
    const encoded = view.getUint32(read, true);
    read += 4;
    if (read + encoded > chunk.length) throw corrupt();
    const payload = chunk.subarray(read, read + encoded);
    read += encoded;
    const target = block.subarray(part * partBytes, (part + 1) * partBytes);
    if (encoded === partBytes) target.set(payload);
    else await decodePart(flags >> 5, payload, target, pace);
  }
  unfilter?.(block, typesize, out);
}

async function decodePart(
  codec: number,
  payload: Uint8Array,
  out: Uint8Array,
  pace: Pace,
): Promise<void> {
  const format = ["blosclz", "lz4", undefined, "zlib", "zstd"][codec];
  switch (format) {
    case "blosclz":
      return decodeBloscLz(payload, out);
    case "lz4":
      return decodeLz4Block(payload, out);
    case "zlib":
    case "zstd":
      return out.set(await decompress(format, payload, { bytes: out.length, exact: true }, pace));
    default:
      throw new ChunkError(`Blosc's inner codec ${codec} is not decoded here`);
  }
}

function corrupt(): ChunkError {
  return new ChunkError("A Blosc chunk is corrupt or cut short");
}
