/**
 * HDF5's szip filter: the length of what it gives (4 bytes, little-endian), then Rice codes with adaptive
 * parameters. Source: CCSDS 121.0-B-3, and libaec's `sz_compat.c` for what SZIP adds to it: samples of 32 and
 * 64 bits are encoded byte plane by byte plane, and scan lines are padded to whole blocks.
 */

import { ChunkError } from "../errors.ts";
import { BitReader } from "./bit_reader.ts";
import type { Codec } from "./codec.ts";
import { integer } from "./configuration.ts";
import { checkSize, compressed } from "./size.ts";
import { unshuffle } from "./shuffle.ts";

const MOST_SIGNIFICANT_FIRST = 16;
const NEAREST_NEIGHBOUR = 32;
const HEADER_BYTES = 4;

export const hdf5Szip: Codec = {
  name: "hdf5.szip",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const mask = integer(configuration.options_mask, 0);
    const blockSize = integer(configuration.pixels_per_block, 2, 32);
    const bits = integer(configuration.bits_per_pixel, 1, 64);
    const line = integer(configuration.pixels_per_scanline, 1, 2 ** 24);
    if (
      mask === undefined || blockSize === undefined || bits === undefined || line === undefined
    ) {
      return "has parameters that are not decoded here";
    }
    const isPlanes = bits === 32 || bits === 64;
    if (bits > 24 && !isPlanes) return `has samples of ${bits} bits`;
    const samples: Samples = {
      bits: isPlanes ? 8 : bits,
      bytes: isPlanes || bits <= 8 ? 1 : bits <= 16 ? 2 : 4,
      blockSize,
      line,
      bigEndian: (mask & MOST_SIGNIFICANT_FIRST) !== 0,
      predicted: (mask & NEAREST_NEIGHBOUR) !== 0,
    };
    return {
      encoded: compressed(decoded),
      scratchBytes: 2 * decoded.bytes,
      decode(bytes) {
        if (bytes.length < HEADER_BYTES) throw corrupt();
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const length = view.getUint32(0, true);
        checkSize("szip", length, decoded);
        const plain = decodeLines(bytes.subarray(HEADER_BYTES), samples, length);
        if (!isPlanes) return plain;
        const out = new Uint8Array(length);
        unshuffle(plain, bits / 8, out);
        return out;
      },
    };
  },
};

interface Samples {
  readonly bits: number;
  /** Bytes that a sample is written as. */
  readonly bytes: number;
  readonly blockSize: number;
  /** Samples of a scan line. */
  readonly line: number;
  readonly bigEndian: boolean;
  /** True if differences from the sample before are encoded. */
  readonly predicted: boolean;
}

/** Blocks without any difference: what stands for "to the end of the segment". */
const REST_OF_SEGMENT = 5;
const SEGMENT_BLOCKS = 64;

function decodeLines(bytes: Uint8Array, samples: Samples, length: number): Uint8Array {
  const { bits, blockSize, line, predicted } = samples;
  const reader = new BitReader("szip", bytes);
  const blocks = Math.ceil(line / blockSize);
  const padded = new Int32Array(blocks * blockSize);
  const out = new Uint8Array(length);
  const write = sampleWriter(out, samples);
  const count = Math.floor(length / samples.bytes);
  for (let done = 0; done < count; done += line) {
    decodeInterval(reader, samples, padded, blocks, count - done);
    if (predicted) undoPrediction(padded, bits);
    const wanted = Math.min(line, count - done);
    for (let i = 0; i < wanted; i++) write(done + i, padded[i]);
  }
  return out;
}

/** Fills `out` with the codes of one reference sample interval, of which `wanted` samples must be there. */
function decodeInterval(
  reader: BitReader,
  { bits, blockSize, predicted, line }: Samples,
  out: Int32Array,
  blocks: number,
  wanted: number,
): void {
  const idBits = bits <= 8 ? 3 : bits <= 16 ? 4 : 5;
  const uncompressed = 2 ** idBits - 1;
  // Where the last interval is not whole, a writer that pads none ends it with its last sample.
  const last = wanted < line ? Math.ceil(wanted / blockSize) : blocks;
  for (let block = 0; block < last;) {
    let at = block * blockSize;
    const end = at + blockSize;
    const id = reader.read(idBits);
    const takeReference = () => {
      if (predicted && block === 0) out[at++] = reader.read(bits);
    };
    if (id === uncompressed) {
      while (at < end) out[at++] = reader.read(bits);
    } else if (id > 0) {
      takeReference();
      const k = id - 1;
      for (let i = at; i < end; i++) out[i] = reader.zeros() << k;
      if (k > 0) { for (let i = at; i < end; i++) out[i] |= reader.read(k); }
    } else if (reader.read(1) === 1) {
      takeReference();
      while (at < end) {
        const [first, second] = pairOf(reader.zeros());
        if (at % 2 === 0) out[at++] = first;
        out[at++] = second;
      }
    } else {
      takeReference();
      let run = reader.zeros() + 1;
      if (run === REST_OF_SEGMENT) {
        run = Math.min(blocks - block, SEGMENT_BLOCKS - block % SEGMENT_BLOCKS);
      } else if (run > REST_OF_SEGMENT) run--;
      if (block + run > blocks) throw corrupt();
      out.fill(0, at, (block + run) * blockSize);
      block += run;
      continue;
    }
    block++;
  }
}

/** Two small numbers of one code: 0 0, 1 0, 0 1, 2 0, 1 1, 0 2, …. */
function pairOf(code: number): readonly [number, number] {
  if (code > 90) throw corrupt();
  const sum = Math.floor((Math.sqrt(8 * code + 1) - 1) / 2);
  const second = code - sum * (sum + 1) / 2;
  return [sum - second, second];
}

/** Samples from their mapped differences; the first is one already. */
function undoPrediction(values: Int32Array, bits: number): void {
  const most = 2 ** bits - 1;
  let sample = values[0];
  for (let i = 1; i < values.length; i++) {
    const code = values[i];
    const room = Math.min(sample, most - sample);
    if (code <= 2 * room) sample += code % 2 === 0 ? code / 2 : -(code + 1) / 2;
    else sample = room === sample ? code : most - code;
    values[i] = sample;
  }
}

function sampleWriter(
  out: Uint8Array,
  { bytes, bigEndian }: Samples,
): (index: number, value: number) => void {
  const view = new DataView(out.buffer);
  switch (bytes) {
    case 1:
      return (index, value) => void (out[index] = value);
    case 2:
      return (index, value) => view.setUint16(2 * index, value, !bigEndian);
    default:
      return (index, value) => view.setUint32(4 * index, value, !bigEndian);
  }
}

function corrupt(): ChunkError {
  return new ChunkError("szip data are corrupt");
}
