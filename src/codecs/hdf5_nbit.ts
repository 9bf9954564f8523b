/** HDF5's n-bit filter: of each number the bits that its type says it has. Source: `H5Znbit.c`. */

import { BitReader } from "./bit_reader.ts";
import type { Codec } from "./codec.ts";
import { compressed } from "./size.ts";

/** Parameters before those of the type: how many there are, whether nothing is packed, elements of a chunk. */
const HEADER = 3;
const MAX_DEPTH = 16;

/** The row of `hdf5.nbit`: `cd_values` as the file has them. */
export const hdf5Nbit: Codec = {
  name: "hdf5.nbit",
  kind: "bytes→bytes",
  decoder({ configuration }, { decoded }) {
    const values = configuration.cd_values;
    if (!Array.isArray(values)) return "has no parameters";
    const parameters = values.map(Number);
    const packed = readPacked(parameters, { at: HEADER }, 0);
    if (!packed || packed.bytes < 1 || decoded.bytes % packed.bytes !== 0) {
      return "has parameters that are not decoded here";
    }
    const isPlain = parameters[1] !== 0;
    return {
      encoded: isPlain ? decoded : compressed(decoded),
      isView: isPlain ? true : undefined,
      decode(bytes) {
        if (isPlain) return bytes;
        const out = new Uint8Array(decoded.bytes);
        const reader = new BitReader("nbit", bytes);
        for (let at = 0; at < out.length; at += packed.bytes) packed.unpack(reader, out, at);
        return out;
      },
    };
  },
};

/** A type as it is packed. */
interface Packed {
  readonly bytes: number;
  /** Writes the next value to `out` at byte `at`. */
  unpack(reader: BitReader, out: Uint8Array, at: number): void;
}

const ATOMIC = 1;
const ARRAY = 2;
const COMPOUND = 3;
const PLAIN = 4;

function readPacked(
  parameters: readonly number[],
  place: { at: number },
  depth: number,
): Packed | undefined {
  const take = () => parameters[place.at++];
  if (depth > MAX_DEPTH) return undefined;
  const kind = take();
  const bytes = take();
  if (!(bytes >= 1 && bytes <= 2 ** 24)) return undefined;
  switch (kind) {
    case ATOMIC: {
      const bigEndian = take() === 1;
      const precision = take();
      const offset = take();
      const fits = bytes <= 8 && precision >= 1 && offset >= 0 && precision + offset <= 8 * bytes;
      return fits ? atomic(bytes, bigEndian, precision, offset) : undefined;
    }
    case ARRAY: {
      const base = readPacked(parameters, place, depth + 1);
      return base && bytes % base.bytes === 0 ? array(bytes, base) : undefined;
    }
    case COMPOUND: {
      const members: Array<{ offset: number; member: Packed }> = [];
      for (let left = take(); left > 0; left--) {
        const offset = take();
        const member = readPacked(parameters, place, depth + 1);
        if (!member || !(offset >= 0) || offset + member.bytes > bytes) return undefined;
        members.push({ offset, member });
      }
      return {
        bytes,
        unpack(reader, out, at) {
          for (const { offset, member } of members) member.unpack(reader, out, at + offset);
        },
      };
    }
    case PLAIN:
      return {
        bytes,
        unpack(reader, out, at) {
          for (let i = 0; i < bytes; i++) out[at + i] = reader.read(8);
        },
      };
    default:
      return undefined;
  }
}

function array(bytes: number, base: Packed): Packed {
  return {
    bytes,
    unpack(reader, out, at) {
      for (let i = 0; i < bytes; i += base.bytes) base.unpack(reader, out, at + i);
    },
  };
}

function atomic(bytes: number, bigEndian: boolean, precision: number, offset: number): Packed {
  return {
    bytes,
    unpack(reader, out, at) {
      // From the most significant byte down, of each the bits that belong to the number.
      let left = precision;
      for (let byte = Math.floor((offset + precision - 1) / 8); left > 0; byte--) {
        const low = Math.max(0, offset - 8 * byte);
        const bits = Math.min(left, Math.min(8, offset + precision - 8 * byte) - low);
        out[at + (bigEndian ? bytes - 1 - byte : byte)] = reader.read(bits) << low;
        left -= bits;
      }
    },
  };
}
