/** The header of a NetCDF-3 file. Source: "The NetCDF Classic Format Specification", CDF-1, CDF-2 and CDF-5. */

import { IndexError } from "../../src/errors.ts";
import type { Json, JsonObject } from "../../src/json.ts";
import { decodeText } from "../hdf5/cursor.ts";
import { overLimit } from "../node_tree.ts";
import { type ExternalType, TYPES } from "./types.ts";

/** A dimension. */
export interface Dimension {
  /** As the file has it. */
  readonly name: string;
  /** Elements; 0 is the one that grows by records. */
  readonly length: number;
}

/** A variable as its header has it. */
export interface Variable {
  /** As the file has it, without slashes. */
  readonly name: string;
  /** The slowest first. */
  readonly dimensions: readonly Dimension[];
  /** In the order of the file. */
  readonly attributes: JsonObject;
  /** What an element is. */
  readonly type: ExternalType;
  /** Bytes from the start of the file to its first element. */
  readonly begin: number;
}

/** All that stands before the data. */
export interface Header {
  /** Records of each variable that has them; undefined if their writer did not know (STREAMING). */
  readonly records?: number;
  /** The file's own. */
  readonly attributes: JsonObject;
  /** In the order of the file. */
  readonly variables: readonly Variable[];
  /** Its own size. */
  readonly bytes: number;
}

/** There is more to read before the header can be parsed. */
export interface More {
  /** Bytes from the start of the file that it takes at least. */
  readonly need: number;
}

const TAG = { dimension: 10, variable: 11, attribute: 12 } as const;
/** Dimensions, variables and attributes of a file at most. */
const MAX_OBJECTS = 100_000;

/** True for the first bytes of a NetCDF-3 file. */
export function hasMagic(head: Uint8Array): boolean {
  return head[0] === 0x43 && head[1] === 0x44 && head[2] === 0x46 &&
    (head[3] === 1 || head[3] === 2 || head[3] === 5);
}

/**
 * The header of a file of `fileBytes` bytes that starts with `head`, or how much more of it is needed.
 *
 * @throws IndexError if it is malformed, or the file ends inside it
 */
export function parseHeader(head: Uint8Array, fileBytes: number): Header | More {
  try {
    return new HeaderParser(head, fileBytes).header();
  } catch (stop) {
    if (stop instanceof OutOfBytes) return { need: stop.need };
    throw stop;
  }
}

/** What stops the parser where the bytes at hand end. */
class OutOfBytes {
  constructor(readonly need: number) {}
}

class HeaderParser {
  readonly #view: DataView;
  #at = 4;
  #objects = 0;
  readonly #version: number;

  constructor(readonly bytes: Uint8Array, readonly fileBytes: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#take(0);
    if (!hasMagic(bytes)) throw malformed("it does not start with CDF and a version that is known");
    this.#version = bytes[3];
  }

  header(): Header {
    const records = this.#recordCount();
    const dimensions = this.#list(TAG.dimension, () => this.#dimension());
    if (dimensions.filter(({ length }) => length === 0).length > 1) {
      throw malformed("two of its dimensions are for records");
    }
    const attributes = this.#attributes();
    const variables = this.#list(TAG.variable, () => this.#variable(dimensions));
    if (new Set(variables.map(({ name }) => name)).size < variables.length) {
      throw malformed("two of its variables have one name");
    }
    return { ...(records !== undefined && { records }), attributes, variables, bytes: this.#at };
  }

  #recordCount(): number | undefined {
    const at = this.#take(this.#version === 5 ? 8 : 4);
    const isStreaming = this.bytes.subarray(at, this.#at).every((byte) => byte === 0xff);
    if (isStreaming) return undefined;
    this.#at = at;
    return this.#count();
  }

  #dimension(): Dimension {
    return { name: this.#name(), length: this.#count() };
  }

  #attributes(): JsonObject {
    const entries = this.#list(
      TAG.attribute,
      (): [string, Json] => [this.#name(), this.#values()],
    );
    const attributes = Object.fromEntries(entries);
    if (Object.keys(attributes).length < entries.length) {
      throw malformed("two attributes of one thing have one name");
    }
    return attributes;
  }

  #values(): Json {
    const { bytes, value } = this.#type();
    const count = this.#count();
    const at = this.#padded(count * bytes);
    if (!value) {
      // netCDF4-python leaves out every NUL.
      return decodeText(this.bytes.subarray(at, at + count)).replaceAll("\0", "");
    }
    const values = Array.from({ length: count }, (_, i) => value(this.#view, at + i * bytes));
    return count === 1 ? values[0] : values;
  }

  #variable(dimensions: readonly Dimension[]): Variable {
    const name = this.#name();
    const rank = this.#count();
    if (rank > 1024) throw malformed(`a variable has ${rank} dimensions`);
    const own = Array.from({ length: rank }, (_, i) => {
      const dimension = dimensions[this.#count()];
      if (!dimension) throw malformed(`the variable "${name}" has a dimension that is not there`);
      if (i > 0 && dimension.length === 0) {
        throw malformed(`the records of "${name}" are not its first dimension`);
      }
      return dimension;
    });
    const attributes = this.#attributes();
    const type = this.#type();
    // vsize is redundant, and too small a field for large variables
    this.#take(this.#version === 5 ? 8 : 4);
    const begin = this.#version === 1 ? this.#u32() : this.#u64();
    return { name, dimensions: own, attributes, type, begin };
  }

  #list<T>(tag: number, item: () => T): T[] {
    const found = this.#u32();
    const count = this.#count();
    if (found === 0 && count === 0) return [];
    if (found !== tag) throw malformed(`a list has the tag ${found}, not ${tag}`);
    this.#objects += count;
    if (this.#objects > MAX_OBJECTS) {
      throw overLimit(
        `The file has ${this.#objects} variables, dimensions and attributes`,
        MAX_OBJECTS,
      );
    }
    return Array.from({ length: count }, item);
  }

  #name(): string {
    const length = this.#count();
    const at = this.#padded(length);
    const name = decodeText(this.bytes.subarray(at, at + length));
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
      throw malformed(`${JSON.stringify(name.slice(0, 100))} is no name`);
    }
    return name;
  }

  #type(): ExternalType {
    const number = this.#u32();
    const type = TYPES.get(number);
    if (!type || number > 6 && this.#version !== 5) {
      throw malformed(`the type ${number} is not known`);
    }
    return type;
  }

  /** A count, or the number of a dimension: 64 bits in CDF-5. */
  #count(): number {
    const count = this.#version === 5 ? this.#u64() : this.#u32();
    if (this.#version !== 5 && count > 0x7fffffff) throw malformed("a count is negative");
    return count;
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  #u64(): number {
    const value = Number(this.#view.getBigUint64(this.#take(8)));
    if (!Number.isSafeInteger(value)) throw malformed("a number is negative, or over 2⁵³");
    return value;
  }

  /** Passes over `count` bytes and what fills them up to a multiple of four. @returns where they start */
  #padded(count: number): number {
    return this.#take(Math.ceil(count / 4) * 4);
  }

  /** Passes over `count` bytes. @returns where they start */
  #take(count: number): number {
    const at = this.#at;
    const end = at + count;
    if (end > this.fileBytes) {
      throw malformed(
        `its header leads beyond its ${this.fileBytes} bytes: it is cut short or damaged`,
      );
    }
    if (end > this.bytes.length) throw new OutOfBytes(end);
    this.#at = end;
    return at;
  }
}

/** The fault of a NetCDF-3 file. */
export function malformed(what: string): IndexError {
  return new IndexError(`The NetCDF-3 file cannot be read: ${what}`);
}
