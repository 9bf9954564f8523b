/** Gathers packed references into the tables of `Manifest.refs`. */

import { type ChunkTable, ROW_KIND } from "../../src/manifest.ts";
import { type ChunkLayout, writeCoords } from "../../src/zarr/chunk_grid.ts";
import { ABSENT_ID, INLINE_ID, type PackedRow, UNUSABLE_ID } from "./packed_references.ts";

/** Rows of a full table. */
const TABLE_ROWS = 65_536;

/** Collects rows until {@link isFull}, then {@link take}s them as one table. */
export class ChunkTableBuilder {
  /** Rows since the last table was taken. */
  rows = 0;
  readonly #coords: Uint32Array;
  readonly #kinds = new Uint8Array(TABLE_ROWS);
  readonly #urlIds = new Uint32Array(TABLE_ROWS);
  readonly #offsets = new Float64Array(TABLE_ROWS);
  readonly #lengths = new Float64Array(TABLE_ROWS);
  readonly #urls = new Map<number, number>();
  #hrefs: string[] = [];

  /** No rows yet. @param href the URL of a packed id; may throw */
  constructor(readonly layout: ChunkLayout, readonly href: (id: number) => string) {
    this.#coords = new Uint32Array(TABLE_ROWS * layout.grid.length);
  }

  /** True if there is no room for another row. */
  get isFull(): boolean {
    return this.rows === TABLE_ROWS;
  }

  /** Adds the chunk at `ordinal`; an absent one adds nothing. */
  add(ordinal: number, { id, offset, length }: PackedRow): void {
    if (id === ABSENT_ID) return;
    const row = this.rows++;
    writeCoords(this.layout, ordinal, this.#coords, row * this.layout.grid.length);
    this.#offsets[row] = offset;
    this.#lengths[row] = length;
    this.#kinds[row] = id === INLINE_ID
      ? ROW_KIND.inline
      : id === UNUSABLE_ID
      ? ROW_KIND.unusable
      : length === 0
      ? ROW_KIND.object
      : ROW_KIND.range;
    if (id === INLINE_ID || id === UNUSABLE_ID) return;
    let url = this.#urls.get(id);
    if (url === undefined) {
      url = this.#hrefs.push(this.href(id)) - 1;
      this.#urls.set(id, url);
    }
    this.#urlIds[row] = url;
  }

  /** The rows so far as a table of its own. @param inline what inline rows' offsets lead into */
  take(inline: Uint8Array): ChunkTable {
    const rows = this.rows;
    const kinds = this.#kinds.slice(0, rows);
    const offsets = this.#offsets.slice(0, rows);
    const lengths = this.#lengths.slice(0, rows);
    const places = offsets.slice();
    // what the offset of a row without a file is in the index, means nothing outside
    kinds.forEach((kind, row) => {
      if (kind === ROW_KIND.inline || kind === ROW_KIND.unusable) offsets[row] = 0;
    });
    const table: ChunkTable = {
      rows,
      coords: this.#coords.slice(0, rows * this.layout.grid.length),
      kinds,
      urls: this.#hrefs,
      urlIds: this.#urlIds.slice(0, rows),
      offsets,
      lengths,
      inline: (row) => inline.slice(places[row], places[row] + lengths[row]),
    };
    this.rows = 0;
    this.#urls.clear();
    this.#hrefs = [];
    this.#urlIds.fill(0);
    return table;
  }
}
