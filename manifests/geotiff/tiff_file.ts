/** A TIFF file's header and directories, read by way of whatever is passed in. Source: TIFF 6.0, section 2. */

import { IndexError } from "../../src/errors.ts";
import {
  type Entry,
  entryBytes,
  type Layout,
  malformedTiff,
  numbersOf,
  parseEntry,
  readU64,
  textOf,
} from "./entry.ts";
import { READ_TAGS, TABLE_TAGS, TAG } from "./tags.ts";

/** Where a file's bytes come from. */
export interface Bytes {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`. @throws IndexError outside of the file; OriginError */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Directories of a file at most. */
const MAX_DIRECTORIES = 10_000;
/** Entries of a directory at most; TIFF has no more tags. */
const MAX_ENTRIES = 4096;
/** Bytes of one entry's values that are read at most, tables of tiles apart. */
const MAX_VALUE_BYTES = 4 * 2 ** 20;

/** One image of the file: its entries, small ones with their values. */
export interface Directory {
  /** Where it stands. */
  readonly offset: number;
  /** Its place in the chain of directories, from 0; undefined for one that another contains. */
  readonly page?: number;
  /** Directories that it contains. */
  readonly inside: readonly Directory[];
  /** How the file writes numbers. */
  readonly layout: Layout;
  /** The entry of a tag, where there is one. */
  entry(tag: number): Entry | undefined;
  /** The values of a tag that is read at once; undefined if it has none. */
  bytes(tag: number): Uint8Array | undefined;
  /** {@link bytes} as numbers. */
  numbers(tag: number): readonly number[] | undefined;
  /** The first of {@link numbers}. */
  number(tag: number): number | undefined;
  /** {@link bytes} as text. */
  text(tag: number): string | undefined;
}

/** True if `head` starts as a TIFF file does. */
export function isTiff(head: Uint8Array): boolean {
  return parseHeader(head.subarray(0, 16)) !== undefined;
}

interface Header extends Layout {
  readonly first: number;
}

function parseHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < 8) return undefined;
  const mark = String.fromCharCode(bytes[0], bytes[1]);
  if (mark !== "II" && mark !== "MM") return undefined;
  const littleEndian = mark === "II";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint16(2, littleEndian);
  if (version === 42) return { littleEndian, big: false, first: view.getUint32(4, littleEndian) };
  const isBig = version === 43 && bytes.length >= 16 && view.getUint16(4, littleEndian) === 8;
  return isBig ? { littleEndian, big: true, first: readU64(view, 8, littleEndian) } : undefined;
}

/** Reads all directories of a file. @throws IndexError, OriginError */
export async function readDirectories(file: Bytes): Promise<readonly Directory[]> {
  const header = parseHeader(await file.read(0, Math.min(16, file.size)));
  if (!header) throw new IndexError("This is no TIFF file: it has no header");
  const seen = new Set<number>();

  async function readDirectory(offset: number, page: number | undefined): Promise<
    { directory: Directory; next: number }
  > {
    if (seen.has(offset)) throw malformedTiff("its directories lead in a circle");
    if (seen.size >= MAX_DIRECTORIES) {
      throw new IndexError(
        `The file has more than the ${MAX_DIRECTORIES} directories that are read`,
        {},
        undefined,
        "index-too-large",
      );
    }
    seen.add(offset);
    const { entries, next } = await readEntries(file, header!, offset);
    const values = new Map<number, Uint8Array>();
    await Promise.all([...entries.values()].map(async (entry) => {
      if (!READ_TAGS.has(entry.tag)) return;
      values.set(entry.tag, entry.inline ?? await readValues(file, entry));
    }));
    const subIfds = entries.get(TAG.subIfds);
    const inside: Directory[] = [];
    if (subIfds && page !== undefined) {
      const offsets = numbersOf(values.get(TAG.subIfds)!, subIfds.type, header!.littleEndian);
      for (const at of offsets) inside.push((await readDirectory(at, undefined)).directory);
    }
    const numbers = (tag: number) => {
      const entry = entries.get(tag);
      const bytes = values.get(tag);
      return entry && bytes && numbersOf(bytes, entry.type, header!.littleEndian);
    };
    const directory: Directory = {
      offset,
      ...(page !== undefined && { page }),
      inside,
      layout: header!,
      entry: (tag) => entries.get(tag),
      bytes: (tag) => values.get(tag),
      numbers,
      number: (tag) => numbers(tag)?.[0],
      text: (tag) => {
        const bytes = values.get(tag);
        return bytes && textOf(bytes);
      },
    };
    return { directory, next };
  }

  const directories: Directory[] = [];
  for (let at = header.first; at !== 0;) {
    const { directory, next } = await readDirectory(at, directories.length);
    directories.push(directory);
    at = next;
  }
  if (directories.length === 0) throw malformedTiff("it has no directory");
  return directories;
}

async function readEntries(
  file: Bytes,
  layout: Layout,
  offset: number,
): Promise<{ entries: Map<number, Entry>; next: number }> {
  const { littleEndian, big } = layout;
  const countBytes = big ? 8 : 2;
  mustBeInside(file, offset, countBytes);
  const head = await file.read(offset, countBytes);
  const headView = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const count = big ? readU64(headView, 0, littleEndian) : headView.getUint16(0, littleEndian);
  if (count === 0 || count > MAX_ENTRIES) throw malformedTiff(`a directory has ${count} entries`);
  const size = entryBytes(layout);
  const nextBytes = big ? 8 : 4;
  mustBeInside(file, offset + countBytes, count * size);
  // Some writers leave out what follows the last directory.
  const left = file.size - offset - countBytes - count * size;
  const bytes = await file.read(offset + countBytes, count * size + Math.min(left, nextBytes));
  const entries = new Map<number, Entry>();
  for (let i = 0; i < count; i++) {
    const entry = parseEntry(bytes.subarray(i * size, (i + 1) * size), layout);
    if (!entry || entries.has(entry.tag)) continue;
    if (!TABLE_TAGS.has(entry.tag) && !READ_TAGS.has(entry.tag)) continue;
    if (!entry.inline) mustBeInside(file, entry.offset, entry.count * entry.valueBytes);
    entries.set(entry.tag, entry);
  }
  if (left < nextBytes) return { entries, next: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = count * size;
  return {
    entries,
    next: big ? readU64(view, at, littleEndian) : view.getUint32(at, littleEndian),
  };
}

async function readValues(file: Bytes, { offset, count, valueBytes, tag }: Entry) {
  const bytes = count * valueBytes;
  if (bytes > MAX_VALUE_BYTES) throw malformedTiff(`tag ${tag} has ${bytes} bytes`);
  return (await file.read(offset, bytes)).slice();
}

function mustBeInside(file: Bytes, offset: number, length: number): void {
  if (offset + length <= file.size) return;
  throw malformedTiff("it leads outside of itself: it is cut short or damaged");
}
