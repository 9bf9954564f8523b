/** The references of a manifest's FlatBuffer, read in place. Source: Icechunk's `manifest.fbs`. */

import { IndexError } from "../../src/errors.ts";
import { type ArrayRefsBuilder, REF_KIND, type RefRow } from "./array_refs.ts";
import { FrontCodedStringsBuilder } from "../references/front_coded_strings.ts";
import type { Flatbuffer } from "./flatbuffer.ts";

// Fields of a ChunkRef by their ids.
const INDEX = 0, INLINE = 1, OFFSET = 2, LENGTH = 3, CHUNK_ID = 4, LOCATION = 5;
const ETAG = 6, LAST_MODIFIED = 7, COMPRESSED_LOCATION = 8;
const REF_FIELDS = 9;
const MAX_RANK = 64;
/** Bytes of a chunk within a manifest at most; writers put there what has some hundreds. */
const MAX_INLINE_BYTES = 2 ** 24;

/**
 * Takes rows of vectors of ChunkRef tables into columns, their payloads and entity tags into tables.
 *
 * Every method throws IndexError, and RangeError for a reference outside the buffer.
 */
export class RefWalk {
  /** The payloads of all rows taken. */
  readonly payloads: FrontCodedStringsBuilder;
  /** The entity tags of all rows taken. */
  readonly etags: FrontCodedStringsBuilder;
  readonly #buffer: Flatbuffer;
  /** By position: most tables share one of a few. */
  readonly #layouts = new Map<number, Uint16Array>();
  #coords = new Uint32Array(0);

  /** No row is taken yet. */
  constructor(buffer: Flatbuffer) {
    this.#buffer = buffer;
    this.payloads = new FrontCodedStringsBuilder(buffer.bytes);
    this.etags = new FrontCodedStringsBuilder(buffer.bytes);
  }

  /** The number of coordinates of the reference at `table`. */
  rank(table: number): number {
    const buffer = this.#buffer;
    const rank = buffer.count(buffer.vector(buffer.required(table, INDEX, "coordinates"), 4));
    if (rank > MAX_RANK) throw new IndexError(`A reference has ${rank} coordinates`);
    return rank;
  }

  /** The row at `coords` of the `count` rows of the vector at `start`; -1 if there is none. */
  find(start: number, count: number, coords: readonly number[]): number {
    const buffer = this.#buffer;
    let low = 0;
    let high = count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const table = buffer.follow(start + 4 * middle);
      const index = buffer.vector(buffer.required(table, INDEX, "coordinates"), 4);
      if (buffer.count(index) !== coords.length) {
        throw new IndexError("A manifest has another number of dimensions");
      }
      let order = 0;
      for (let i = 0; i < coords.length && order === 0; i++) {
        order = buffer.u32(index + 4 * i) - coords[i];
      }
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Reads rows `from` to `to` of the vector at `start` into `builder`. */
  add(start: number, from: number, to: number, builder: ArrayRefsBuilder): void {
    const buffer = this.#buffer;
    const { rank } = builder;
    const coords = this.#coords.length === rank ? this.#coords : new Uint32Array(rank);
    this.#coords = coords;
    const ref: RefRow = { kind: 0, payload: 0, offset: 0, length: 0, lastModified: 0, etag: 0 };
    let layoutAt = -1;
    let layout = new Uint16Array(REF_FIELDS);
    for (let row = from; row < to; row++) {
      const table = buffer.follow(start + 4 * row);
      const vtable = table - buffer.i32(table);
      if (vtable !== layoutAt) {
        layout = this.#layout(vtable);
        layoutAt = vtable;
      }
      if (layout[INDEX] === 0) throw new IndexError("A reference lacks its coordinates");
      const index = buffer.vector(table + layout[INDEX], 4);
      if (buffer.count(index) !== rank) {
        throw new IndexError("References of one array differ in their number of coordinates");
      }
      for (let i = 0; i < rank; i++) coords[i] = buffer.u32(index + 4 * i);
      ref.offset = layout[OFFSET] === 0 ? 0 : buffer.u64(table + layout[OFFSET]);
      ref.length = layout[LENGTH] === 0 ? 0 : buffer.u64(table + layout[LENGTH]);
      if (ref.offset + ref.length > Number.MAX_SAFE_INTEGER) {
        throw new IndexError("A reference ends beyond 2^53");
      }
      ref.lastModified = layout[LAST_MODIFIED] === 0
        ? 0
        : buffer.u32(table + layout[LAST_MODIFIED]);
      ref.etag = layout[ETAG] === 0 ? 0 : 1 + this.#add(this.etags, table + layout[ETAG]);
      if (layout[CHUNK_ID] !== 0) {
        ref.kind = REF_KIND.native;
        buffer.struct(table + layout[CHUNK_ID], 12);
        ref.payload = this.payloads.add(table + layout[CHUNK_ID], 12);
      } else if (layout[COMPRESSED_LOCATION] !== 0) {
        ref.kind = REF_KIND.compressedLocation;
        ref.payload = this.#add(this.payloads, table + layout[COMPRESSED_LOCATION]);
      } else if (layout[LOCATION] !== 0) {
        ref.kind = REF_KIND.location;
        ref.payload = this.#add(this.payloads, table + layout[LOCATION]);
      } else if (layout[INLINE] !== 0) {
        ref.kind = REF_KIND.inline;
        const bytes = buffer.count(buffer.vector(table + layout[INLINE], 1));
        if (bytes > MAX_INLINE_BYTES) throw inlineTooLarge(bytes);
        ref.payload = this.#add(this.payloads, table + layout[INLINE]);
      } else {
        ref.kind = REF_KIND.none;
        ref.payload = 0;
      }
      builder.push(coords, ref);
    }
  }

  /** Adds the byte vector that the field at `position` leads to. */
  #add(table: FrontCodedStringsBuilder, position: number): number {
    const start = this.#buffer.vector(position, 1);
    return table.add(start, this.#buffer.count(start));
  }

  /** The offsets of a ChunkRef's fields within its table, 0 for those it lacks. */
  #layout(vtable: number): Uint16Array<ArrayBuffer> {
    const known = this.#layouts.get(vtable);
    if (known) return known as Uint16Array<ArrayBuffer>;
    const buffer = this.#buffer;
    const layout = new Uint16Array(REF_FIELDS);
    const bytes = buffer.u16(vtable);
    for (let id = 0; id < REF_FIELDS && 4 + 2 * id < bytes; id++) {
      layout[id] = buffer.u16(vtable + 4 + 2 * id);
    }
    if (this.#layouts.size < 1024) this.#layouts.set(vtable, layout);
    return layout;
  }
}

function inlineTooLarge(bytes: number): IndexError {
  return new IndexError(
    `A chunk within a manifest has ${bytes} bytes; the limit is ${MAX_INLINE_BYTES}`,
    { limit: MAX_INLINE_BYTES },
    undefined,
    "index-too-large",
  );
}
