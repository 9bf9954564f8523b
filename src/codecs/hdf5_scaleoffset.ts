/**
 * HDF5's scale-offset filter: integers less the smallest of a chunk, or floats as integers of so many
 * decimals, in as few bits as they need. Source: `H5Zscaleoffset.c`.
 */

import { ChunkError } from "../errors.ts";
import { BitReader } from "./bit_reader.ts";
import type { Codec } from "./codec.ts";
import { compressed } from "./size.ts";

/** Bytes before the packed numbers: bits a number, bytes of the minimum, the minimum. */
const HEADER_BYTES = 21;

/** The row of `hdf5.scaleoffset`: `cd_values` as the file has them. */
export const hdf5ScaleOffset: Codec = {
  name: "hdf5.scaleoffset",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const values = configuration.cd_values;
    if (!Array.isArray(values) || values.length < 8) return "has no parameters";
    const parameters = values.map(Number);
    const [scaleType, decimals, , kind, size, , order, hasFill] = parameters;
    const isFloat = kind === 1;
    if (![1, 2, 4, 8].includes(size) || isFloat && (size < 4 || scaleType !== 0)) {
      return "has parameters that are not decoded here";
    }
    const form: Form = {
      size,
      littleEndian: order === 0,
      decimals: isFloat ? decimals | 0 : undefined,
      fill: hasFill === 1 ? fillBits(parameters.slice(8), size) : undefined,
    };
    return {
      decode: (bytes) => decode(bytes, form, decoded.bytes),
      encoded: compressed(decoded),
    };
  },
};

interface Form {
  readonly size: number;
  /** Of the dataset's elements. */
  readonly littleEndian: boolean;
  /** Decimals of floats; undefined for integers. */
  readonly decimals?: number;
  /** The fill value's bits. */
  readonly fill?: bigint;
}

function fillBits(words: readonly number[], size: number): bigint {
  const [low = 0, high = 0] = words;
  return BigInt.asUintN(8 * size, BigInt(high >>> 0) << 32n | BigInt(low >>> 0));
}

function decode(bytes: Uint8Array, form: Form, decodedBytes: number): Uint8Array {
  if (bytes.length < HEADER_BYTES) throw new ChunkError("scaleoffset data are cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { size, littleEndian, decimals, fill } = form;
  const width = view.getUint32(0, true);
  if (width > 8 * size) throw new ChunkError("scaleoffset data are corrupt");
  const out = new Uint8Array(decodedBytes);
  const target = new DataView(out.buffer);
  const count = Math.floor(decodedBytes / size);
  const packed = bytes.subarray(HEADER_BYTES);
  if (width === 8 * size) { // nothing was gained: the elements themselves, little-endian
    if (packed.length < decodedBytes) throw new ChunkError("scaleoffset data are cut short");
    for (let at = 0; at < count * size; at += size) {
      for (let i = 0; i < size; i++) out[at + i] = packed[at + (littleEndian ? i : size - 1 - i)];
    }
    return out;
  }
  const least = minimum(view, form);
  const reader = new BitReader("scaleoffset", packed);
  // All bits set stands for the fill value, where there is one.
  const isFill = (code: bigint) => fill !== undefined && code === (1n << BigInt(width)) - 1n;
  const write = bitsWriter(target, size, littleEndian);
  const scale = decimals === undefined ? undefined : scaled(size, 10 ** decimals, least);
  for (let i = 0; i < count; i++) {
    const code = width === 0
      ? 0n
      : width <= 24
      ? BigInt(reader.read(width))
      : reader.readLong(width);
    write(i, width > 0 && isFill(code) ? fill! : scale ? scale(code) : code + least);
  }
  return out;
}

/** The minimum: its bits, little-endian, in as many bytes as the header says. */
function minimum(view: DataView, { size }: Form): bigint {
  const bytes = Math.min(8, view.getUint8(4));
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = value << 8n | BigInt(view.getUint8(5 + i));
  return BigInt.asUintN(8 * size, value);
}

/** A float's bits from its code: in the float's own precision, as HDF5 computes it. */
function scaled(size: number, factor: number, least: bigint): (code: bigint) => bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (size === 4) {
    view.setUint32(0, Number(least));
    const start = view.getFloat32(0);
    const divisor = Math.fround(factor);
    return (code) => {
      view.setFloat32(0, Math.fround(Math.fround(Number(code)) / divisor) + start);
      return BigInt(view.getUint32(0));
    };
  }
  view.setBigUint64(0, least);
  const start = view.getFloat64(0);
  return (code) => {
    view.setFloat64(0, Number(code) / factor + start);
    return view.getBigUint64(0);
  };
}

function bitsWriter(
  view: DataView,
  size: number,
  littleEndian: boolean,
): (index: number, bits: bigint) => void {
  switch (size) {
    case 1:
      return (index, bits) => view.setUint8(index, Number(BigInt.asUintN(8, bits)));
    case 2:
      return (index, bits) =>
        view.setUint16(2 * index, Number(BigInt.asUintN(16, bits)), littleEndian);
    case 4:
      return (index, bits) =>
        view.setUint32(4 * index, Number(BigInt.asUintN(32, bits)), littleEndian);
    default:
      return (index, bits) => view.setBigUint64(8 * index, BigInt.asUintN(64, bits), littleEndian);
  }
}
