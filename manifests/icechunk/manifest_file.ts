/**
 * A manifest file: the references of some chunks of some arrays.
 *
 * A million references are 80 to 120 MB as a FlatBuffer (measured with the reference library's own
 * files), which is more than a server keeps. So the buffer is walked once, in place, into columns of
 * the least width and one table of payloads, 7 to 25 MB of it, and given up. While that is under way,
 * and for the very first answer, single references are looked up in the buffer itself.
 * Source: the Icechunk specification and its `manifest.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { type ArrayRefs, ArrayRefsBuilder } from "./array_refs.ts";
import type { FrontCodedStrings } from "../references/front_coded_strings.ts";
import { Flatbuffer } from "./flatbuffer.ts";
import { encodeObjectId } from "./object_id.ts";
import { RefWalk } from "./ref_walk.ts";
import { ZstdDictionary } from "./zstd/zstd_dictionary.ts";

/** Bytes that a location may have. */
export const MAX_LOCATION_BYTES = 1024;

/** Rows walked before other work may have a turn. */
const ROWS_AT_ONCE = 512;
/** Arrays among which one is looked for in place. */
const MAX_LISTED = 1024;
/** What a reference takes at least: a slot, a table of one field, and its number of coordinates. */
const MIN_REF_BYTES = 16;

/** A manifest file in memory. */
export interface ManifestFile {
  /** The 20-character id that the file says it has. */
  readonly id: string;
  /** The references of an array by its 13-character node id. */
  readonly arrays: ReadonlyMap<string, ArrayRefs>;
  /** What references refer to by number: object ids, locations, inline chunks. */
  readonly payloads: FrontCodedStrings;
  /** Entity tags of the files of virtual chunks, by number. */
  readonly etags: FrontCodedStrings;
  /** Decodes compressed locations, if the file has a dictionary. */
  readonly dictionary?: ZstdDictionary;
  /** Bytes that all of it holds. */
  readonly bytes: number;
}

/** The references of one array within the buffer. */
interface Listed {
  readonly node: string;
  /** Position of the first slot. */
  readonly start: number;
  readonly count: number;
}

/**
 * A manifest file's FlatBuffer. Nothing that it gives refers to the buffer.
 *
 * Every method throws IndexError, and RangeError for a reference outside the buffer.
 */
export class ManifestReader {
  /** The 20-character id that the file says it has. */
  readonly id: string;
  readonly #buffer: Flatbuffer;
  readonly #root: number;
  readonly #dictionary: ZstdDictionary | undefined;

  /** Reads the file's id and its dictionary. @param body the FlatBuffer, out of its compression */
  constructor(body: Uint8Array) {
    const buffer = new Flatbuffer(body);
    const root = buffer.root();
    this.#buffer = buffer;
    this.#root = root;
    this.id = encodeObjectId(buffer.struct(buffer.required(root, 0, "a manifest's id"), 12));
    buffer.required(root, 1, "a manifest's arrays");
    const dictionary = buffer.optionalBytes(root, 2);
    const algorithmField = buffer.field(root, 3);
    const algorithm = algorithmField === 0 ? 1 : buffer.u8(algorithmField);
    if (!dictionary?.length || algorithm === 0) return;
    if (algorithm > 1) {
      throw new IndexError(`A manifest compresses locations in an unknown way, ${algorithm}`);
    }
    this.#dictionary = new ZstdDictionary(dictionary, MAX_LOCATION_BYTES);
  }

  /**
   * Only the reference at `coords` of an array, found in place. Undefined if it was not found, which
   * does not mean that there is none: whether the rows are in order nobody knows yet.
   */
  excerpt(node: string, coords: readonly number[]): ManifestFile | undefined {
    const walk = new RefWalk(this.#buffer);
    let places = 0;
    for (const listed of this.#arrays()) {
      if (places++ === MAX_LISTED) return undefined;
      if (listed.node !== node) continue;
      const row = walk.find(listed.start, listed.count, coords);
      if (row < 0) return undefined;
      const builder = new ArrayRefsBuilder(coords.length, 1);
      walk.add(listed.start, row, row + 1, builder);
      return this.#file(walk, new Map([[node, builder.finish()]]));
    }
    return undefined;
  }

  /** Reads all of it, and yields often. */
  *read(): Generator<void, ManifestFile> {
    const buffer = this.#buffer;
    const walk = new RefWalk(buffer);
    const arrays = new Map<string, ArrayRefs>();
    let accountedBytes = 0;
    for (const { node, start, count } of this.#arrays()) {
      yield;
      if (arrays.has(node)) throw new IndexError("A manifest lists an array twice");
      const rank = count === 0 ? 0 : walk.rank(buffer.follow(start));
      // Less of it is a file that refers to things repeatedly, and could ask for any memory.
      accountedBytes += count * (MIN_REF_BYTES + 4 * rank);
      if (accountedBytes > buffer.bytes.length) {
        throw new IndexError("A manifest's arrays share their references");
      }
      const builder = new ArrayRefsBuilder(rank, count);
      walk.payloads.reserve(count);
      for (let row = 0; row < count;) {
        const end = Math.min(count, row + ROWS_AT_ONCE);
        walk.add(start, row, end, builder);
        row = end;
        yield;
      }
      arrays.set(node, builder.finish());
    }
    return this.#file(walk, arrays);
  }

  *#arrays(): Generator<Listed> {
    const buffer = this.#buffer;
    for (const table of buffer.tables(this.#root, 1)) {
      const node = encodeObjectId(buffer.struct(buffer.required(table, 0, "a node id"), 8));
      const start = buffer.vector(buffer.required(table, 1, "an array's references"), 4);
      yield { node, start, count: buffer.count(start) };
    }
  }

  #file(walk: RefWalk, arrays: Map<string, ArrayRefs>): ManifestFile {
    const payloads = walk.payloads.finish();
    const etags = walk.etags.finish();
    const dictionary = this.#dictionary;
    let bytes = payloads.bytes + etags.bytes + (dictionary?.bytes ?? 0) + 1024;
    for (const refs of arrays.values()) bytes += refs.bytes;
    return { id: this.id, arrays, payloads, etags, dictionary, bytes };
  }
}
