/** Where the tiles or strips of one image are: its two tables, read where one is looked for. */

import type { Entry } from "./entry.ts";
import { malformedTiff, numbersOf } from "./entry.ts";
import { TAG } from "./tags.ts";
import type { Bytes, Directory } from "./tiff_file.ts";

/** A tile's or strip's bytes. */
export interface Place {
  /** From the start of the file. */
  readonly offset: number;
  /** As the file says; undefined where it does not say. */
  readonly length?: number;
}

/** Tiles that are read at a time, of all. */
const SLICE = 8192;

/** The places of an image's tiles, in the file's order. */
export class TileTable {
  readonly #offsets: Entry;
  readonly #counts?: Entry;

  /** The tables of an image of `tiles`. @throws IndexError if they are missing, or have fewer entries */
  constructor(readonly file: Bytes, readonly directory: Directory, readonly tiles: number) {
    const offsets = directory.entry(TAG.tileOffsets) ?? directory.entry(TAG.stripOffsets);
    const counts = directory.entry(TAG.tileByteCounts) ?? directory.entry(TAG.stripByteCounts);
    if (!offsets) throw malformedTiff("an image does not say where its tiles are");
    if (offsets.count < tiles || counts && counts.count < tiles) {
      throw malformedTiff(`an image of ${tiles} tiles says where ${offsets.count} are`);
    }
    this.#offsets = offsets;
    this.#counts = counts;
  }

  /** The tile of that number; undefined if it is not stored. @throws IndexError, OriginError */
  async at(tile: number): Promise<Place | undefined> {
    const [place] = await this.#slice(tile, 1);
    return place;
  }

  /** All tiles, some thousand at a time. */
  async *all(): AsyncGenerator<{ first: number; places: ReadonlyArray<Place | undefined> }> {
    for (let first = 0; first < this.tiles; first += SLICE) {
      yield { first, places: await this.#slice(first, Math.min(SLICE, this.tiles - first)) };
    }
  }

  async #slice(first: number, count: number): Promise<Array<Place | undefined>> {
    const [offsets, counts] = await Promise.all([
      this.#numbers(this.#offsets, first, count),
      this.#counts && this.#numbers(this.#counts, first, count),
    ]);
    return offsets.map((offset, i) => {
      const length = counts?.[i];
      return offset === 0 || length === 0 ? undefined : { offset, length };
    });
  }

  async #numbers(entry: Entry, first: number, count: number): Promise<number[]> {
    const { valueBytes, inline, offset, type } = entry;
    const start = first * valueBytes;
    const bytes = inline?.subarray(start, start + count * valueBytes) ??
      await this.file.read(offset + start, count * valueBytes);
    return numbersOf(bytes, type, this.directory.layout.littleEndian);
  }
}
