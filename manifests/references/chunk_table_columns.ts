/** Rows gathered into a table of `Manifest.refs`, whatever index they are of. */

import type { ChunkTable } from "../../src/manifest.ts";

/** Rows of a full table. */
const TABLE_ROWS = 65_536;

/** How a table reads what a row has beside its columns, from the row's place in the index. */
export type RowReader = {
  /** As in {@link ChunkTable}, of the row at `place`, whose length is `length`. */
  readonly inline?: (place: number, length: number) => Uint8Array;
  /** As in {@link ChunkTable}, of the row at `place`. */
  readonly validator?: (place: number) => ReturnType<NonNullable<ChunkTable["validator"]>>;
};

/** Collects rows until {@link isFull}, then {@link take}s them as one table. */
export class ChunkTableColumns {
  /** Rows since the last table was taken. */
  rows = 0;
  /** Coordinates, `rank` a row; those of the next row are to be written at `rows * rank`. */
  readonly coords: Uint32Array;
  readonly #kinds = new Uint8Array(TABLE_ROWS);
  readonly #urlIds = new Uint32Array(TABLE_ROWS);
  readonly #offsets = new Float64Array(TABLE_ROWS);
  readonly #lengths = new Float64Array(TABLE_ROWS);
  readonly #places = new Float64Array(TABLE_ROWS);
  #encodings: Uint16Array | undefined;
  readonly #urls = new Map<number, number>();
  #hrefs: string[] = [];

  /** No rows yet. @param rank coordinates a row */
  constructor(readonly rank: number) {
    this.coords = new Uint32Array(TABLE_ROWS * rank);
  }

  /** True if there is no room for another row. */
  get isFull(): boolean {
    return this.rows === TABLE_ROWS;
  }

  /** True if the table has the URL that the index has under `number`. */
  hasUrl(number: number): boolean {
    return this.#urls.has(number);
  }

  /** Puts the URL that the index has under `number` into the table. */
  addUrl(number: number, href: string): void {
    this.#urls.set(number, this.#hrefs.push(href) - 1);
  }

  /**
   * Adds a row, whose coordinates are written.
   *
   * @param kind one of `ROW_KIND`
   * @param url the number of its URL, which was added; -1 if it has none
   * @param offset bytes; nothing for a row without a URL
   * @param length bytes
   * @param place what a {@link RowReader} finds the row by
   * @param encoding as `ChunkRef.encoding`
   */
  add(
    kind: number,
    url: number,
    offset: number,
    length: number,
    place: number,
    encoding: number = 0,
  ): void {
    const row = this.rows++;
    this.#kinds[row] = kind;
    this.#urlIds[row] = url < 0 ? 0 : this.#urls.get(url)!;
    this.#offsets[row] = offset;
    this.#lengths[row] = length;
    this.#places[row] = place;
    if (encoding > 0) (this.#encodings ??= new Uint16Array(TABLE_ROWS))[row] = encoding;
  }

  /** The rows so far as a table of its own. */
  take({ inline, validator }: RowReader = {}): ChunkTable {
    const { rows } = this;
    const lengths = this.#lengths.slice(0, rows);
    const places = this.#places.slice(0, rows);
    const table: ChunkTable = {
      rows,
      coords: this.coords.slice(0, rows * this.rank),
      kinds: this.#kinds.slice(0, rows),
      urls: this.#hrefs,
      urlIds: this.#urlIds.slice(0, rows),
      offsets: this.#offsets.slice(0, rows),
      lengths,
      encodings: this.#encodings?.subarray(0, rows),
      inline: inline && ((row) => inline(places[row], lengths[row])),
      validator: validator && ((row) => validator(places[row])),
    };
    this.rows = 0;
    this.#urls.clear();
    this.#hrefs = [];
    this.#encodings = undefined;
    return table;
  }
}
