/** Gathers packed references into the tables of `Manifest.refs`. */

import { type ChunkTable, ROW_KIND } from "../../src/manifest.ts";
import { type ChunkLayout, writeCoords } from "../../src/zarr/chunk_grid.ts";
import { ChunkTableColumns } from "./chunk_table_columns.ts";
import { ABSENT_ID, INLINE_ID, type PackedRow, UNUSABLE_ID } from "./packed_references.ts";

/** Collects rows until {@link isFull}, then {@link take}s them as one table. */
export class ChunkTableBuilder {
  readonly #columns: ChunkTableColumns;

  /** No rows yet. @param href the URL of a packed id; may throw */
  constructor(readonly layout: Pick<ChunkLayout, "grid">, readonly href: (id: number) => string) {
    this.#columns = new ChunkTableColumns(layout.grid.length);
  }

  /** Rows since the last table was taken. */
  get rows(): number {
    return this.#columns.rows;
  }

  /** True if there is no room for another row. */
  get isFull(): boolean {
    return this.#columns.isFull;
  }

  /** Adds the chunk at `ordinal`; an absent one adds nothing. @param encoding as `ChunkRef.encoding` */
  add(ordinal: number, { id, offset, length }: PackedRow, encoding: number = 0): void {
    if (id === ABSENT_ID) return;
    const columns = this.#columns;
    writeCoords(this.layout, ordinal, columns.coords, columns.rows * columns.rank);
    if (id === INLINE_ID || id === UNUSABLE_ID) {
      columns.add(
        id === INLINE_ID ? ROW_KIND.inline : ROW_KIND.unusable,
        -1,
        0,
        length,
        offset,
        encoding,
      );
      return;
    }
    if (!columns.hasUrl(id)) columns.addUrl(id, this.href(id));
    columns.add(length === 0 ? ROW_KIND.object : ROW_KIND.range, id, offset, length, 0, encoding);
  }

  /** The rows so far as a table of its own. @param inline what inline rows' offsets lead into */
  take(inline: Uint8Array): ChunkTable {
    return this.#columns.take({
      inline: (place, length) => inline.slice(place, place + length),
    });
  }
}
