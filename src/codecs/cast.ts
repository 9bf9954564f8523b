/**
 * NumPy's conversions between number types, a block at a time and in place where both are as wide. No
 * element becomes an object: 64-bit integers are pairs of 32-bit words, everything else is a double.
 */

import { ChunkError } from "../errors.ts";
import { isWide, type NumpyType } from "./numpy_type.ts";
import type { Pace } from "./pace.ts";

/** Elements that are converted at a time; a few kilobytes stay in the processor's cache. */
const BLOCK = 2048;

/**
 * What is done to the elements between reading and writing them, block after block, in order.
 *
 * @param block the elements as doubles, each exactly a value of the type that is computed in
 */
export type Compute = (block: Float64Array) => void;

/**
 * `bytes` of type `from` as type `to`, by the rules of NumPy's `astype`: integers wrap around, floats
 * become integers by dropping their fraction. `bytes` are used up.
 *
 * @param compute is done in type `via`, which is a float or an integer of up to 32 bits
 * @throws ChunkError where NumPy's own result depends on the machine: a float that is no number or
 * beyond the integer type
 */
export async function cast(
  bytes: Uint8Array,
  from: NumpyType,
  to: NumpyType,
  pace: Pace,
  compute?: { readonly via: NumpyType; readonly run: Compute },
): Promise<Uint8Array> {
  const source = aligned(bytes, from.bytes);
  if (from.bigEndian) await reverseEach(source, from.bytes, pace);
  const count = source.length / from.bytes;
  const out = from.bytes === to.bytes ? source : new Uint8Array(count * to.bytes);
  const same = from.kind === to.kind && from.bytes === to.bytes;
  if (compute || !(same || isWide(from) && isWide(to))) {
    const load = loader(source, from, compute?.via ?? to);
    const check = (compute?.via ?? from).kind === "float" ? integerCheck(to) : undefined;
    const store = storer(out, to);
    const whole = new Float64Array(BLOCK);
    for (let at = 0; at < count; at += BLOCK) {
      if (pace.due()) await pace.turn();
      const block = whole.subarray(0, Math.min(BLOCK, count - at));
      load(block, at);
      compute?.run(block);
      check?.(block);
      store(block, at);
    }
  }
  if (to.bigEndian) await reverseEach(out, to.bytes, pace);
  return out;
}

/** `bytes` where a typed array can look at them. */
export function aligned(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.byteOffset % width === 0 ? bytes : bytes.slice();
}

/** Reverses the bytes of each element. Deno's and workerd's machines are little-endian. */
async function reverseEach(bytes: Uint8Array, width: number, pace: Pace): Promise<void> {
  for (let at = 0; at < bytes.length; at += BLOCK * width) {
    if (pace.due()) await pace.turn();
    reverse(bytes.subarray(at, at + BLOCK * width), width);
  }
}

function reverse(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

/** Rounds a double to a value of a type, as storing it there would. */
export function rounding({ kind, bytes }: NumpyType): (value: number) => number {
  if (kind !== "float" || bytes === 8) return (value) => value;
  return bytes === 4 ? Math.fround : Math.f16round;
}

type Blockwise = (block: Float64Array, at: number) => void;

/** Reads elements for a type that is computed in: of a 64-bit integer, what matters to that type. */
function loader(bytes: Uint8Array, from: NumpyType, via: NumpyType): Blockwise {
  if (!isWide(from)) {
    const elements = view(from, bytes);
    return (block, at) => block.set(elements.subarray(at, at + block.length));
  }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (via.kind === "bool") {
    return (block, at) => {
      for (let i = 0, word = at * 2; i < block.length; i++, word += 2) {
        block[i] = words[word] | words[word + 1];
      }
    };
  }
  if (via.kind !== "float") {
    return (block, at) => {
      for (let i = 0; i < block.length; i++) block[i] = words[(at + i) * 2];
    };
  }
  const signed = from.kind === "int";
  const narrow = via.bytes < 8;
  return (block, at) => {
    for (let i = 0, word = at * 2; i < block.length; i++, word += 2) {
      const high = signed ? words[word + 1] | 0 : words[word + 1];
      let low = words[word];
      if (narrow && (high >= 2 ** 21 || high < -(2 ** 21))) {
        // What does not fit 53 bits only leaves its mark in the last, so that it is rounded once.
        low = (low & 0xfffff800) >>> 0 | (low & 0x7ff ? 0x800 : 0);
      }
      block[i] = high * 2 ** 32 + (low >>> 0);
    }
  };
}

/** Writes elements; assigning to the typed array wraps integers and rounds floats. */
function storer(bytes: Uint8Array, to: NumpyType): Blockwise {
  if (isWide(to)) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return (block, at) => {
      for (let i = 0, word = at * 2; i < block.length; i++, word += 2) {
        words[word] = block[i];
        words[word + 1] = Math.floor(block[i] / 2 ** 32);
      }
    };
  }
  const elements = view(to, bytes);
  if (to.kind !== "bool") return (block, at) => elements.set(block, at);
  return (block, at) => elements.set(block.map((value) => value !== 0 ? 1 : 0), at);
}

/** Drops fractions, and refuses what does not fit the integer type; undefined for other types. */
function integerCheck(to: NumpyType): Compute | undefined {
  if (to.kind !== "int" && to.kind !== "uint") return undefined;
  const bits = to.bytes * 8;
  const least = to.kind === "int" ? -(2 ** (bits - 1)) : 0;
  const beyond = to.kind === "int" ? 2 ** (bits - 1) : 2 ** bits;
  return (block) => {
    for (let i = 0; i < block.length; i++) {
      const whole = Math.trunc(block[i]);
      if (!(whole >= least && whole < beyond)) {
        throw new ChunkError(`The value ${block[i]} does not fit ${to.kind}${bits}`);
      }
      block[i] = whole;
    }
  };
}

type Numbers = Float64Array | Float32Array | Float16Array | Int32Array | Uint32Array | Uint8Array;

const VIEWS = {
  bool: { 1: Uint8Array },
  int: { 1: Int8Array, 2: Int16Array, 4: Int32Array },
  uint: { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array },
  float: { 2: Float16Array, 4: Float32Array, 8: Float64Array },
} as unknown as Record<NumpyType["kind"], Record<number, typeof Float64Array>>;

function view({ kind, bytes: width }: NumpyType, bytes: Uint8Array): Numbers {
  return new VIEWS[kind][width](
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.length / width,
  );
}
