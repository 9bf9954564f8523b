/**
 * A manifest file: the references of some chunks of some arrays.
 *
 * A million references are 80 to 120 MB as a FlatBuffer (measured with the reference library's own
 * files), which is more than a server keeps. So the buffer is walked once, in place, into columns of
 * the least width and one table of payloads, 7 to 40 MB of it, and given up.
 * Source: the Icechunk specification and its `manifest.fbs`.
 */

import { IndexError } from "../../src/errors.ts";
import { type ArrayRefs, ArrayRefsBuilder, REF_KIND, type RefRow } from "./array_refs.ts";
import { type ByteTable, ByteTableBuilder } from "./byte_table.ts";
import { Flatbuffer } from "./flatbuffer.ts";
import { encodeObjectId } from "./object_id.ts";
import { ZstdDictionary } from "./zstd/zstd_dictionary.ts";

/** Bytes that a location may have. */
export const MAX_LOCATION_BYTES = 1024;

/** Rows walked before other work gets a turn. */
const ROWS_AT_ONCE = 1 << 16;
const MAX_RANK = 64;
/** A slot, a table of one field, and the length of its coordinates. */
const MIN_REF_BYTES = 16;

/** A manifest file in memory. */
export interface ManifestFile {
  /** The 20-character id that the file says it has. */
  readonly id: string;
  /** The references of an array by its 13-character node id. */
  readonly arrays: ReadonlyMap<string, ArrayRefs>;
  readonly payloads: ByteTable;
  readonly etags: ByteTable;
  /** Decodes compressed locations, if the file has a dictionary. */
  readonly dictionary?: ZstdDictionary;
  /** Bytes that all of it holds. */
  readonly bytes: number;
}

// Fields of a ChunkRef by their ids.
const INDEX = 0, INLINE = 1, OFFSET = 2, LENGTH = 3, CHUNK_ID = 4, LOCATION = 5;
const ETAG = 6, LAST_MODIFIED = 7, COMPRESSED_LOCATION = 8;
const REF_FIELDS = 9;

/**
 * Reads a manifest file's FlatBuffer. Nothing of `body` is kept.
 *
 * @throws IndexError, and RangeError for a reference outside the buffer
 */
export async function readManifestFile(
  body: Uint8Array,
  pause: () => Promise<void>,
): Promise<ManifestFile> {
  const buffer = new Flatbuffer(body);
  const root = buffer.root();
  const id = encodeObjectId(buffer.struct(buffer.required(root, 0, "a manifest's id"), 12));
  const dictionaryBytes = buffer.optionalBytes(root, 2);
  const algorithmField = buffer.field(root, 3);
  const algorithm = algorithmField === 0 ? 1 : buffer.u8(algorithmField);
  if (dictionaryBytes?.length && algorithm > 1) {
    throw new IndexError(`A manifest compresses locations in an unknown way, ${algorithm}`);
  }
  const walk = new RefWalk(buffer);
  const arrays = new Map<string, ArrayRefs>();
  buffer.required(root, 1, "a manifest's arrays");
  let accountedBytes = 0;
  let sinceLastPause = 0;
  for (const table of buffer.tables(root, 1)) {
    const node = encodeObjectId(buffer.struct(buffer.required(table, 0, "a node id"), 8));
    if (arrays.has(node)) throw new IndexError("A manifest lists an array twice");
    const start = buffer.vector(buffer.required(table, 1, "an array's references"), 4);
    const count = buffer.count(start);
    const rank = count === 0 ? 0 : walk.rank(buffer.follow(start));
    // What each reference takes at least. Less of it is a file that refers to things repeatedly,
    // and could ask for any amount of memory.
    accountedBytes += count * (MIN_REF_BYTES + 4 * rank);
    if (accountedBytes > body.length) {
      throw new IndexError("A manifest's arrays share their references");
    }
    const builder = new ArrayRefsBuilder(rank, count);
    for (let row = 0; row < count;) {
      const end = Math.min(count, row + ROWS_AT_ONCE - sinceLastPause);
      sinceLastPause += end - row;
      walk.add(start, row, end, builder);
      row = end;
      if (sinceLastPause >= ROWS_AT_ONCE) {
        sinceLastPause = 0;
        await pause();
      }
    }
    arrays.set(node, builder.finish());
  }
  const payloads = walk.payloads.finish();
  const etags = walk.etags.finish();
  const dictionary = dictionaryBytes?.length && algorithm === 1
    ? new ZstdDictionary(dictionaryBytes, MAX_LOCATION_BYTES)
    : undefined;
  let bytes = payloads.bytes + etags.bytes + (dictionary?.bytes ?? 0) + 1024;
  for (const refs of arrays.values()) bytes += refs.bytes;
  return { id, arrays, payloads, etags, dictionary, bytes };
}

/** Walks vectors of ChunkRef tables. Keeps the layout of the last tables: most share one. */
class RefWalk {
  readonly payloads: ByteTableBuilder;
  readonly etags: ByteTableBuilder;
  readonly #buffer: Flatbuffer;
  readonly #layouts = new Map<number, Uint16Array>();
  #coords = new Uint32Array(0);

  constructor(buffer: Flatbuffer) {
    this.#buffer = buffer;
    this.payloads = new ByteTableBuilder(buffer.bytes);
    this.etags = new ByteTableBuilder(buffer.bytes);
  }

  /** The number of coordinates of the reference at `table`. */
  rank(table: number): number {
    const buffer = this.#buffer;
    const rank = buffer.count(buffer.vector(buffer.required(table, INDEX, "coordinates"), 4));
    if (rank > MAX_RANK) throw new IndexError(`A reference has ${rank} coordinates`);
    return rank;
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
        ref.payload = this.#add(this.payloads, table + layout[INLINE]);
      } else {
        ref.kind = REF_KIND.none;
        ref.payload = 0;
      }
      builder.push(coords, ref);
    }
  }

  /** Adds the byte vector that the field at `position` leads to. */
  #add(table: ByteTableBuilder, position: number): number {
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
