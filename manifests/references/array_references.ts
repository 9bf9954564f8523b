/** The references of one array: its grid, its table, and what that leads to. */

import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { ChunkTable } from "../../src/manifest.ts";
import { type ChunkLayout, chunkOrdinal } from "../../src/zarr/chunk_grid.ts";
import { ChunkTableBuilder } from "./chunk_table_builder.ts";
import type { ReferenceTable } from "./reference_table.ts";
import { refOf, type Targets } from "./targets.ts";

/** Look-up and bulk. Immutable. */
export class ArrayReferences {
  /**
   * Takes over what it is given.
   *
   * @param first the place in the grid that is the table's place 0
   * @param unwritten what a chunk is that no row tells; undefined: clients know what it holds
   */
  constructor(
    readonly layout: ChunkLayout,
    readonly table: ReferenceTable,
    readonly targets: Targets,
    readonly first = 0,
    readonly unwritten?: () => ChunkRef,
  ) {}

  /** The chunk at `coords`; undefined if there is none. @throws IndexError */
  chunk(coords: readonly number[]): ChunkRef | undefined {
    const ordinal = chunkOrdinal(this.layout, coords);
    if (ordinal === undefined) return undefined;
    const row = this.table.find(ordinal - this.first);
    if (row < 0) return this.unwritten?.();
    const packed = this.table.read(row, { id: 0, offset: 0, length: 0 });
    return refOf(packed, this.targets, this.table.encodings?.get(row)) ??
      this.unwritten?.();
  }

  /** Every chunk, in the order of the grid. @throws IndexError */
  *tables(): Generator<ChunkTable> {
    const { layout, table, targets, first } = this;
    const builder = new ChunkTableBuilder(layout, (id) => targets.href(id));
    let row = 0;
    for (const packed of table.packed.all()) {
      const ordinal = first + table.ordinal(row);
      if (ordinal >= layout.chunks) break; // the padding of a part
      builder.add(ordinal, packed, table.encodings?.get(row));
      if (builder.isFull) yield builder.take(targets.inline);
      row++;
    }
    if (builder.rows > 0) yield builder.take(targets.inline);
  }
}
