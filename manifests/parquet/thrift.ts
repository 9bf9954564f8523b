/**
 * Thrift's compact protocol, which Parquet's footer and page headers are written in. Every value takes at
 * least one byte of what is read, so that no claim of a size asks for more than there is.
 * Source: Thrift `thrift-compact-protocol.md`.
 */

/** A value: a bool, a number (NaN where a double cannot tell it exactly), bytes, a list or a struct. */
export type ThriftValue = boolean | number | Uint8Array | ThriftValue[] | ThriftStruct;
/** Fields by their ids. */
export type ThriftStruct = Map<number, ThriftValue>;

/** Parquet's own structs are nested 7 deep at most. */
const MAX_DEPTH = 16;
/** Bytes of the longest varint, of 64 bits. */
const MAX_VARINT_BYTES = 10;

const decoder = new TextDecoder();

/** Reads structs one after the other. */
export class ThriftReader {
  #depth = 0;

  /** Begins at `at`. @param end one past the last byte that may be read */
  constructor(readonly bytes: Uint8Array, public at: number, readonly end: number) {}

  /** The struct that starts here. @throws RangeError if it is malformed */
  struct(): ThriftStruct {
    if (++this.#depth > MAX_DEPTH) throw new RangeError("A struct is nested too deeply");
    const fields: ThriftStruct = new Map();
    for (let id = 0, head = this.#byte(); head !== 0; head = this.#byte()) {
      id = head >> 4 === 0 ? this.#zigzag() : id + (head >> 4);
      const type = head & 15;
      fields.set(id, type <= 2 ? type === 1 : this.#value(type));
    }
    this.#depth--;
    return fields;
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case 1:
      case 2: // in a list a bool is a byte
        return this.#byte() === 1;
      case 3:
        return this.#byte() << 24 >> 24;
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        return this.#take(8).byteLength; // no double is looked at
      case 8:
        return this.#take(this.#varint());
      case 9:
      case 10:
        return this.#list();
      case 12:
        return this.struct();
    }
    throw new RangeError(`A field is of type ${type}, which Parquet has not`);
  }

  #list(): ThriftValue[] {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    if (!(count <= this.end - this.at)) throw new RangeError("A list is cut off");
    if (++this.#depth > MAX_DEPTH) throw new RangeError("A list is nested too deeply");
    const values: ThriftValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.#value(head & 15));
    this.#depth--;
    return values;
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    const start = this.at;
    for (let value = 0, scale = 1;; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return Number.isSafeInteger(value) ? value : NaN;
      if (this.at - start === MAX_VARINT_BYTES) throw new RangeError("A number has no end");
    }
  }

  #take(length: number): Uint8Array {
    if (!(length <= this.end - this.at)) throw new RangeError("A value is cut off");
    return this.bytes.subarray(this.at, this.at += length);
  }

  #byte(): number {
    if (!(this.at < this.end)) throw new RangeError("A struct is cut off");
    return this.bytes[this.at++];
  }
}

/** A field that is a number, or `otherwise`. */
export function numberOf(fields: ThriftStruct, id: number, otherwise: number): number {
  const value = fields.get(id);
  return typeof value === "number" ? value : otherwise;
}

/** A field that is text; undefined if it is not. */
export function textOf(value: ThriftValue | undefined): string | undefined {
  return value instanceof Uint8Array ? decoder.decode(value) : undefined;
}

/** A field that is a struct; undefined if it is not. */
export function structOf(value: ThriftValue | undefined): ThriftStruct | undefined {
  return value instanceof Map ? value : undefined;
}

/** The structs of a field that is a list of them. @throws RangeError if it is not */
export function structsOf(value: ThriftValue | undefined): ThriftStruct[] {
  if (!Array.isArray(value)) throw new RangeError("A list is missing");
  return value.map((item) => {
    if (item instanceof Map) return item;
    throw new RangeError("A list holds what is no struct");
  });
}
