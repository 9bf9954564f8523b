/** Reads the little-endian fields of HDF5's metadata, one behind the other. */

import { IndexError } from "../../src/errors.ts";

/** How many bytes the file's superblock gives to addresses and to lengths: 2, 4 or 8. */
export interface FieldSizes {
  /** Bytes of an address. */
  readonly offsets: number;
  /** Bytes of a length. */
  readonly lengths: number;
}

/** A place in some bytes. Whatever lies behind their end is an `IndexError`. */
export class Cursor {
  readonly #view: DataView;

  /** Bytes from the start to the next field. */
  at: number;

  /** A cursor over `bytes`, at the field that starts at byte `at`. */
  constructor(readonly bytes: Uint8Array, readonly sizes: FieldSizes, at = 0) {
    this.at = at;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes from here to the end. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Passes over `count` bytes. @throws IndexError */
  skip(count: number): this {
    this.#take(count);
    return this;
  }

  /** Passes over what is missing to a multiple of eight bytes, counted from `start`. */
  align8(start: number): this {
    return this.skip((8 - (this.at - start) % 8) % 8);
  }

  /** The next `count` bytes, not copied. @throws IndexError */
  take(count: number): Uint8Array {
    const at = this.#take(count);
    return this.bytes.subarray(at, at + count);
  }

  /** One byte. */
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Two bytes. */
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  /** Four bytes. */
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** An unsigned integer of `width` bytes, 0 to 8. @throws IndexError if it is no safe integer */
  uint(width: number): number {
    const at = this.#take(width);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.bytes[at + i];
    if (!Number.isSafeInteger(value)) {
      throw new IndexError("A number is too large to be a place in a file");
    }
    return value;
  }

  /** An unsigned integer of `width` bytes; undefined if all its bits are set: "undefined", "unlimited". */
  uintOrNone(width: number): number | undefined {
    for (let i = 0; i < width; i++) {
      if (this.bytes[this.at + i] !== 0xff) return this.uint(width);
    }
    this.skip(width);
    return undefined;
  }

  /** An address in the file; undefined for HDF5's "undefined address". */
  address(): number | undefined {
    return this.uintOrNone(this.sizes.offsets);
  }

  /** A length in bytes, or a count. */
  length(): number {
    return this.uint(this.sizes.lengths);
  }

  /** Text up to a NUL, which is passed over too. @throws IndexError without a NUL */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new IndexError("A name in the file has no end");
    const text = decodeText(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  /** Passes over a signature. @throws IndexError if another stands there */
  signature(expected: string): this {
    const found = String.fromCharCode(...this.take(expected.length));
    if (found !== expected) {
      throw new IndexError(`The file has ${JSON.stringify(found)} where "${expected}" should be`);
    }
    return this;
  }

  /** Passes over a version. @returns it @throws IndexError if it is none of `known` */
  version(what: string, ...known: number[]): number {
    const version = this.u8();
    if (!known.includes(version)) {
      throw new IndexError(`Version ${version} of ${what} is not known`);
    }
    return version;
  }

  #take(count: number): number {
    const { at } = this;
    if (!(count >= 0) || at + count > this.bytes.length) {
      throw new IndexError("The file's metadata ends before its time");
    }
    this.at = at + count;
    return at;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/** UTF-8, or, as netCDF's and h5py's older writers left it, Latin-1. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}
