/** What the rows of reference tables lead to. */

import { IndexError } from "../../src/errors.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { SourceFile } from "../../src/origin/source_file.ts";
import { KnownFiles } from "../known_files.ts";
import {
  ABSENT_ID,
  FIRST_URL_ID,
  INLINE_ID,
  type PackedRow,
  UNUSABLE_ID,
} from "./packed_references.ts";
import type { TextList } from "./text_table.ts";

/** What ids and offsets mean; the same for all tables of an index, or of a part of one. */
export interface Targets {
  /** The URL of the file with that id. @throws IndexError */
  href(id: number): string;
  /** The file with that id, interned. @throws IndexError */
  file(id: number): SourceFile;
  /** The bytes of inline chunks, one behind the other. */
  readonly inline: Uint8Array;
  /** What is wrong with unusable rows, by their offsets. */
  readonly faults: readonly IndexError[];
  /** Chunks in several pieces, by the offsets of rows that are unusable in a table, as it has no place for pieces. */
  readonly joined?: ReadonlyArray<readonly PackedRow[]>;
}

/** Absolute URLs in a list. */
export class ListedTargets implements Targets {
  readonly #known = new KnownFiles((id: number) => ({ url: new URL(this.href(id)) }));

  /** Takes over what it is given. @param urls by their numbers, which are ids less `FIRST_URL_ID` */
  constructor(
    readonly urls: TextList,
    readonly inline: Uint8Array = new Uint8Array(0),
    readonly faults: readonly IndexError[] = [],
    readonly joined: ReadonlyArray<readonly PackedRow[]> = [],
  ) {}

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.urls.heldBytes + this.inline.byteLength;
  }

  /** As {@link Targets.href}. */
  href(id: number): string {
    return this.urls.text(id - FIRST_URL_ID);
  }

  /** As {@link Targets.file}. */
  file(id: number): SourceFile {
    return this.#known.get(id);
  }
}

/**
 * A row as what the gateway works with.
 *
 * @param encoding as `ChunkRef.encoding`
 * @throws IndexError for an unusable row
 */
export function refOf(
  { id, offset, length }: PackedRow,
  targets: Targets,
  encoding = 0,
): ChunkRef | undefined {
  if (id === ABSENT_ID) return undefined;
  const encoded = encoding === 0 ? {} : { encoding };
  if (id === UNUSABLE_ID) {
    const pieces = targets.joined?.[offset];
    if (pieces) {
      const parts = pieces.flatMap((piece) => refOf(piece, targets) ?? []);
      return { kind: "concat", parts, ...encoded };
    }
    throw targets.faults[offset] ??
      new IndexError("The index has no usable reference of the chunk");
  }
  if (id === INLINE_ID) {
    return { kind: "inline", bytes: targets.inline.slice(offset, offset + length), ...encoded };
  }
  const file = targets.file(id);
  return length === 0
    ? { kind: "object", file, ...encoded }
    : { kind: "range", file, offset, length, ...encoded };
}
