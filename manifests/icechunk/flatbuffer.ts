/**
 * FlatBuffers read in place. Positions are plain numbers, so that reading a million tables makes no
 * objects.
 *
 * Every read goes through a `DataView`, which throws a `RangeError` outside the buffer, and a vector
 * is checked against the buffer before anyone walks it; {@link parsing} turns what is thrown into an
 * `IndexError`. (The `flatbuffers` package reads `undefined` there instead, and goes on.)
 * Source: the FlatBuffers internals document.
 */

import { IndexError, SluiceError } from "../../src/errors.ts";
import { inSlices } from "../slices.ts";

/** Runs `parse`; what it throws that is no fault of ours yet is an `index-invalid` one that names `what`. */
export function parsing<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw malformed(what, error);
  }
}

/** Does `work` with turns for others; faults as {@link parsing}. */
export async function parsingInSlices<T>(what: string, work: Generator<void, T>): Promise<T> {
  try {
    return await inSlices(work);
  } catch (error) {
    throw malformed(what, error);
  }
}

function malformed(what: string, error: unknown): unknown {
  if (error instanceof SluiceError) return error;
  if (error instanceof RangeError) {
    return new IndexError(`${what} refers to bytes outside itself`, {}, error);
  }
  return new IndexError(`${what} cannot be read`, {}, error);
}

/** Bytes of a message that are read: a buffer may refer to one text any number of times. */
const MAX_SHORT_TEXT = 4096;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A buffer of tables, structs and vectors. All positions are bytes from its start. */
export class Flatbuffer {
  /** The bytes, for reading numbers. */
  readonly view: DataView;

  /** Nothing is read yet. */
  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The position of the root table. */
  root(): number {
    return this.u32(0);
  }

  /** The unsigned 8-bit number at `position`. */
  u8(position: number): number {
    return this.view.getUint8(position);
  }

  /** The unsigned 16-bit number at `position`. */
  u16(position: number): number {
    return this.view.getUint16(position, true);
  }

  /** The unsigned 32-bit number at `position`. */
  u32(position: number): number {
    return this.view.getUint32(position, true);
  }

  /** The signed 32-bit number at `position`. */
  i32(position: number): number {
    return this.view.getInt32(position, true);
  }

  /** An unsigned 64-bit number. @throws IndexError beyond 2⁵³ */
  u64(position: number): number {
    const high = this.view.getUint32(position + 4, true);
    if (high >= 0x200000) throw new IndexError("The index holds a number beyond 2^53");
    return high * 0x100000000 + this.view.getUint32(position, true);
  }

  /** The position of a table's field by its id; 0 if the table does not have it. */
  field(table: number, id: number): number {
    const vtable = table - this.i32(table);
    if (4 + 2 * id >= this.u16(vtable)) return 0;
    const offset = this.u16(vtable + 4 + 2 * id);
    return offset === 0 ? 0 : table + offset;
  }

  /** Like {@link field}, for a field that must be there. @throws IndexError */
  required(table: number, id: number, what: string): number {
    const position = this.field(table, id);
    if (position === 0) throw new IndexError(`The index lacks ${what}`);
    return position;
  }

  /** Where the relative offset at `position` leads. */
  follow(position: number): number {
    return position + this.u32(position);
  }

  /**
   * The position of the first item of the vector that the field at `position` leads to. Its number
   * of items is `count(start)`; all of them lie within the buffer.
   */
  vector(position: number, itemBytes: number): number {
    const start = this.follow(position) + 4;
    if (start + this.count(start) * itemBytes > this.bytes.length) {
      throw new RangeError("vector beyond the end of the buffer");
    }
    return start;
  }

  /** Items of the vector whose first item is at `start`. */
  count(start: number): number {
    return this.u32(start - 4);
  }

  /** The bytes of a struct, in place. */
  struct(position: number, bytes: number): Uint8Array {
    if (position + bytes > this.bytes.length) throw new RangeError("struct beyond the buffer");
    return this.bytes.subarray(position, position + bytes);
  }

  /** The bytes of the byte vector or string that the field at `position` leads to, in place. */
  bytesAt(position: number): Uint8Array {
    return this.bytesOf(this.follow(position));
  }

  /** The bytes of the byte vector or string at `position`, in place. */
  bytesOf(position: number): Uint8Array {
    return this.struct(position + 4, this.u32(position));
  }

  /** The string that the field at `position` leads to. @throws IndexError if it is not UTF-8 */
  text(position: number): string {
    return decodeText(this.bytesAt(position));
  }

  /** The start of a string, for people to read. */
  shortText(position: number): string {
    const bytes = this.bytesAt(position);
    if (bytes.length <= MAX_SHORT_TEXT) return decodeText(bytes);
    return `${new TextDecoder().decode(bytes.subarray(0, MAX_SHORT_TEXT))}…`;
  }

  /** The byte vector of field `id`; undefined if the table lacks it. */
  optionalBytes(table: number, id: number): Uint8Array | undefined {
    const position = this.field(table, id);
    return position === 0 ? undefined : this.bytesAt(position);
  }

  /** The start of the string of field `id`, for people; undefined if the table lacks it. */
  optionalText(table: number, id: number): string | undefined {
    const position = this.field(table, id);
    return position === 0 ? undefined : this.shortText(position);
  }

  /** Where the vector of field `id` starts, and its number of items; none if the table lacks it. */
  items(table: number, id: number, itemBytes = 4): { start: number; count: number } {
    const field = this.field(table, id);
    if (field === 0) return { start: 0, count: 0 };
    const start = this.vector(field, itemBytes);
    return { start, count: this.count(start) };
  }

  /** The positions of the tables in the vector of field `id`; none if the table lacks it. */
  *tables(table: number, id: number): Generator<number> {
    const { start, count } = this.items(table, id);
    for (let i = 0; i < count; i++) yield this.follow(start + 4 * i);
  }
}

/** UTF-8 bytes as text. @throws IndexError */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new IndexError("The index holds text that is not UTF-8", {}, error);
  }
}

/** The order of two byte strings: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
