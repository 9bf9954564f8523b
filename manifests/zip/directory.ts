/**
 * A zip's central directory: where each member is, and how. Source: PKWARE APPNOTE 6.3.10, §4.3 and §4.5.3.
 * Sizes and checksums are the directory's, which are right also where a writer could not seek back to
 * the members' own headers (data descriptors).
 */

import { IndexError } from "../../src/errors.ts";
import type { BlockReader } from "../../src/origin/share/block_reader.ts";
import { overLimit } from "../node_tree.ts";
import { Turn } from "../slices.ts";

const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 65_535;
/** What of a directory's end is read at once: all that may stand behind its entries. */
const TAIL_BYTES = END_BYTES + MAX_COMMENT_BYTES + LOCATOR_BYTES + END64_BYTES;
/** Bytes that a member takes in memory beside its name: its columns, and its place in a map. */
const MEMBER_BYTES = 128;

const SIGNATURE = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 } as const;
const SIGNATURE64 = { end: 0x06064b50, locator: 0x07064b50 } as const;
/** What stands in a field whose value is in the ZIP64 extra field. */
const ELSEWHERE = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
/** Encrypted; encrypted strongly; the directory itself is encrypted. */
const ENCRYPTED_FLAGS = 0x2041;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** One member, as the directory tells of it. */
export interface Member {
  readonly name: string;
  /** Of its local header, in bytes of the file. */
  readonly header: number;
  /** Stored bytes. */
  readonly bytes: number;
  /** Bytes of what is stored, inflated. */
  readonly size: number;
  /** CRC-32 of what is stored, inflated. */
  readonly crc: number;
  readonly isDeflated: boolean;
}

interface End {
  /** Of the first entry, in bytes of the file. */
  readonly start: number;
  readonly bytes: number;
  /** Entries; of an archive without ZIP64 the lowest 16 bits of their number. */
  readonly entries: number;
  readonly countLimit: number;
  /** Bytes that stand before the archive, which its offsets do not count. */
  readonly before: number;
}

/** The members of an archive by name; of those of one name the last. */
export class ZipDirectory {
  readonly #members = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #numbers: Float64Array;
  readonly #deflated: Uint8Array;
  /** Bytes in memory, estimated. */
  heldBytes = 0;

  private constructor(readonly reader: BlockReader, readonly end: End, most: number) {
    this.#numbers = new Float64Array(most * 4);
    this.#deflated = new Uint8Array(most);
  }

  /**
   * Reads the directory.
   *
   * @param maxBytes that it may have, and hold
   * @throws IndexError if it is malformed, or one of its members is split, encrypted, or of an unknown method
   */
  static async read(reader: BlockReader, maxBytes: number): Promise<ZipDirectory> {
    const end = await readEnd(reader);
    if (end.bytes > maxBytes) {
      throw overLimit(`The zip's directory has ${end.bytes} bytes`, maxBytes);
    }
    const bytes = await reader.read(end.start, end.bytes);
    const directory = new ZipDirectory(reader, end, Math.floor(end.bytes / ENTRY_BYTES));
    await directory.#parse(bytes, maxBytes);
    return directory;
  }

  /** The names of all members, by number. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The number of the member that counts under `name`; undefined if there is none. */
  find(name: string): number | undefined {
    return this.#members.get(name);
  }

  /** The member of that number. */
  member(number: number): Member {
    const [header, bytes, size, crc] = this.#numbers.subarray(number * 4, number * 4 + 4);
    const isDeflated = this.isDeflated(number);
    return { name: this.#names[number], header, bytes, size, crc, isDeflated };
  }

  /** Whether the member of that number is deflated. */
  isDeflated(number: number): boolean {
    return this.#deflated[number] === 1;
  }

  /** Where a member's bytes begin, in bytes of the file: behind its own header. @throws IndexError, OriginError */
  async dataOffset({ name, header, bytes }: Member): Promise<number> {
    const encoded = encoder.encode(name).length;
    if (header + LOCAL_BYTES + encoded > this.end.start) throw outside(name);
    const local = await this.reader.read(header, LOCAL_BYTES + encoded);
    const view = viewOf(local);
    const nameBytes = view.getUint16(26, true);
    const isIts = view.getUint32(0, true) === SIGNATURE.local && nameBytes === encoded &&
      decoder.decode(local.subarray(LOCAL_BYTES)) === name;
    // Another member's bytes would be read as other numbers.
    if (!isIts) throw damaged(`the header of "${name}" is not where the directory says`);
    const offset = header + LOCAL_BYTES + nameBytes + view.getUint16(28, true);
    if (offset + bytes > this.end.start) throw outside(name);
    return offset;
  }

  async #parse(bytes: Uint8Array, maxBytes: number): Promise<void> {
    const view = viewOf(bytes);
    const turn = new Turn();
    let entries = 0;
    for (let at = 0; at < bytes.length; entries++) {
      if (turn.isOver) await turn.pass();
      if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== SIGNATURE.entry) {
        throw damaged("an entry of its directory is none");
      }
      const nameEnd = at + ENTRY_BYTES + view.getUint16(at + 28, true);
      const extraEnd = nameEnd + view.getUint16(at + 30, true);
      const next = extraEnd + view.getUint16(at + 32, true);
      if (next > bytes.length) throw damaged("an entry of its directory is cut short");
      const name = decoder.decode(bytes.subarray(at + ENTRY_BYTES, nameEnd));
      const entry = new DataView(bytes.buffer, bytes.byteOffset + at, extraEnd - at);
      if (!name.endsWith("/")) this.#add(name, entry, nameEnd - at);
      if (this.heldBytes > maxBytes) {
        throw overLimit(`The zip has too many members to hold: ${entries}`, maxBytes);
      }
      at = next;
    }
    if (entries % this.end.countLimit !== this.end.entries) {
      throw damaged(`its directory has ${entries} entries, not ${this.end.entries}`);
    }
  }

  #add(name: string, entry: DataView, extraStart: number): void {
    if ((entry.getUint16(8, true) & ENCRYPTED_FLAGS) !== 0) {
      throw new IndexError(`The zip's member "${name}" is encrypted`, { name });
    }
    if (name.includes("\\")) {
      // What it stands for would be taken for absent.
      throw new IndexError(`The zip's member "${name}" has a backslash in its name`, { name });
    }
    const method = entry.getUint16(10, true);
    if (method !== STORED && method !== DEFLATED) {
      throw new IndexError(
        `The zip's member "${name}" has the compression method ${method}; only stored (0) and ` +
          "deflated (8) members can be served",
        { name, method },
      );
    }
    const { size, bytes, header, disk } = placeOf(entry, extraStart, name);
    if (disk !== 0) throw splitArchive();
    if (method === STORED ? size !== bytes : bytes === 0) {
      throw damaged(`the sizes of "${name}" contradict each other`);
    }
    const number = this.#names.push(name) - 1;
    const crc = entry.getUint32(16, true);
    this.#numbers.set([header + this.end.before, bytes, size, crc], number * 4);
    this.#deflated[number] = method === DEFLATED ? 1 : 0;
    this.#members.set(name, number);
    this.heldBytes += MEMBER_BYTES + 2 * name.length;
  }
}

/** The sizes and the place that an entry tells, of its fields or its ZIP64 extra field. */
function placeOf(entry: DataView, extraStart: number, name: string) {
  const fields = [24, 20, 42].map((at) => entry.getUint32(at, true));
  const disk = entry.getUint16(34, true);
  if (disk !== 0xffff && !fields.includes(ELSEWHERE)) {
    return { size: fields[0], bytes: fields[1], header: fields[2], disk };
  }
  for (let at = extraStart; at + 4 <= entry.byteLength;) {
    const end = at + 4 + entry.getUint16(at + 2, true);
    if (entry.getUint16(at, true) === 1 && end <= entry.byteLength) {
      let next = at + 4;
      const take = (bytes: number) => {
        if (next + bytes > end) throw damaged(`the ZIP64 field of "${name}" is too short`);
        next += bytes;
        return next - bytes;
      };
      const [size, bytes, header] = fields.map((field) =>
        field === ELSEWHERE ? uint64(entry, take(8)) : field
      );
      return { size, bytes, header, disk: disk === 0xffff ? entry.getUint32(take(4), true) : disk };
    }
    at = end;
  }
  throw damaged(`the sizes of "${name}" are nowhere`);
}

async function readEnd(reader: BlockReader): Promise<End> {
  const length = Math.min(reader.size, TAIL_BYTES);
  const tailStart = reader.size - length;
  const tail = await reader.read(tailStart, length);
  const view = viewOf(tail);
  let at = length - END_BYTES;
  while (
    at >= 0 && !(view.getUint32(at, true) === SIGNATURE.end &&
      at + END_BYTES + view.getUint16(at + 20, true) === length)
  ) at--;
  if (at < 0) throw damaged("it has no end: it is cut short, or more follows it");
  const locator = at - LOCATOR_BYTES;
  const is64 = locator >= 0 && view.getUint32(locator, true) === SIGNATURE64.locator;
  if (is64) return await readEnd64(reader, view, locator, tailStart);
  if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0) {
    throw splitArchive();
  }
  return endOf(tailStart + at, {
    entries: view.getUint16(at + 10, true),
    countLimit: 2 ** 16,
    bytes: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  });
}

async function readEnd64(
  reader: BlockReader,
  tail: DataView,
  locator: number,
  tailStart: number,
): Promise<End> {
  if (tail.getUint32(locator + 4, true) !== 0 || tail.getUint32(locator + 16, true) > 1) {
    throw splitArchive();
  }
  const told = uint64(tail, locator + 8);
  // Where other bytes stand before the archive the record is not where it says, but right before its locator.
  for (const at of [told, tailStart + locator - END64_BYTES]) {
    if (at < 0 || at + END64_BYTES > reader.size) continue;
    const end = viewOf(await reader.read(at, END64_BYTES));
    if (end.getUint32(0, true) !== SIGNATURE64.end) continue;
    if (end.getUint32(16, true) !== 0 || end.getUint32(20, true) !== 0) throw splitArchive();
    const bytes = uint64(end, 40);
    const offset = uint64(end, 48);
    return endOf(at, { entries: uint64(end, 32), countLimit: Infinity, bytes, offset });
  }
  throw damaged("its ZIP64 end is not where it says");
}

/** @param at where the directory ends, in bytes of the file */
function endOf(
  at: number,
  { offset, ...end }: { entries: number; countLimit: number; bytes: number; offset: number },
): End {
  const start = at - end.bytes;
  const before = start - offset;
  if (start < 0 || before < 0) throw damaged("its directory lies outside of it");
  return { ...end, start, before };
}

function uint64(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damaged(`it has a length of ${value} bytes`);
  return value;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function outside(name: string): IndexError {
  return damaged(`"${name}" lies outside of it`);
}

function damaged(what: string): IndexError {
  return new IndexError(`The zip is damaged: ${what}`);
}

function splitArchive(): IndexError {
  return new IndexError("The zip is split over several files: join them, with zip -s 0");
}
