/** For formats that tell nodes and chunks one by one: an index in memory of them. */

import { IndexError } from "../src/errors.ts";
import type { ChunkRef } from "../src/chunk/ref.ts";
import { type JsonObject, stringifyJson } from "../src/json.ts";
import type { Node } from "../src/manifest.ts";
import { chunkLayout } from "../src/zarr/chunk_grid.ts";
import type { Encoding } from "../src/zarr/metadata.ts";
import { parseNode } from "../src/zarr/v3_document.ts";
import type { MemoryIndex } from "./memory_manifest.ts";
import { NodeTree, overLimit } from "./node_tree.ts";
import { ArrayReferences } from "./references/array_references.ts";
import {
  FIRST_URL_ID,
  INLINE_ID,
  type PackedRow,
  UNUSABLE_ID,
} from "./references/packed_references.ts";
import { ReferenceRows } from "./references/reference_rows.ts";
import { ReferenceTable } from "./references/reference_table.ts";
import { ListedTargets } from "./references/targets.ts";
import { TextList, TextTable } from "./references/text_table.ts";
import { referenceUrl } from "./reference_url.ts";
import { inSlices } from "./slices.ts";

/** Where a chunk's bytes are, as an index tells it. */
export type NewReference =
  & {
    /** As `ChunkRef.encoding`. */
    readonly encoding?: number;
  }
  & (
    | { readonly kind: "range" } & Range
    | { readonly kind: "object"; readonly url: string }
    | { readonly kind: "inline"; readonly bytes: Uint8Array }
    /** Pieces that are one chunk in a row. */
    | { readonly kind: "joined"; readonly pieces: readonly Range[] }
  );

/** Bytes of a file. */
export interface Range {
  /** Where the file is. */
  readonly url: string;
  /** Bytes from its start. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** What an array is beside its document. */
export interface ArrayExtras {
  /** As `ArrayNode.encodings`. */
  readonly encodings?: readonly Encoding[];
  /** As `ArrayNode.unsupported`. */
  readonly unsupported?: string;
  /** What a chunk is that no reference tells, where clients do not know what it holds. */
  readonly unwritten?: () => ChunkRef;
}

/** What is held while reading may be this many times what may be kept. */
const TRANSIENT_FACTOR = 4;

const encoder = new TextEncoder();

/** Takes nodes and references in any order: of the references of one chunk the last counts. */
export class IndexBuilder {
  readonly #tree = new NodeTree();
  readonly #nodes = new Map<string, Node>();
  readonly #rows = new Map<string, ReferenceRows>();
  readonly #unwritten = new Map<string, () => ChunkRef>();
  readonly #joined: PackedRow[][] = [];
  readonly #urls = new TextTable();
  readonly #resolved = new TextList();
  #inline = new Uint8Array(256);
  #inlineBytes = 0;
  #heldBytes = 0;
  #taken = 0;

  /**
   * Nothing is taken yet.
   *
   * @param base the index's URL, which relative URLs are relative to
   * @param maxBytes what may be held in the end
   */
  constructor(readonly base: URL, readonly maxBytes: number) {
    this.#tree.add("");
  }

  /**
   * Takes a node; groups above it need not be told.
   *
   * @param document what its `zarr.json` would hold, with the source's own codec names
   * @throws IndexError
   */
  node(path: string, document: JsonObject, extras: ArrayExtras = {}): void {
    const { encodings, unsupported, unwritten } = extras;
    const metadata = parseNode(document, `metadata of "${path}"`);
    this.#tree.add(path);
    this.#heldBytes += 1024 + 4 * (path.length + stringifyJson(document).length);
    this.#check();
    this.#nodes.set(
      path,
      metadata.node_type === "group"
        ? { type: "group", metadata }
        : { type: "array", metadata, layout: chunkLayout(metadata), encodings, unsupported },
    );
    if (unwritten && metadata.node_type === "array") {
      this.#unwritten.set(path, unwritten);
      if (!this.#rows.has(path)) {
        this.#rows.set(path, new ReferenceRows(metadata.shape.length));
      }
    }
  }

  /**
   * Takes the reference of a chunk of the array at `path`. One outside the grid is ignored.
   *
   * @throws IndexError for what is no place of a chunk, or a range without bytes
   */
  chunk(path: string, coords: readonly number[], ref: NewReference): void {
    const rows = this.#rowsOf(path, coords);
    if (ref.kind === "inline") {
      rows.add(coords, INLINE_ID, this.#addInline(ref.bytes), ref.bytes.length, ref.encoding);
    } else if (ref.kind === "joined") {
      rows.add(coords, UNUSABLE_ID, this.#joined.length, 0, ref.encoding);
      this.#joined.push(ref.pieces.map((piece) => this.#range(path, piece)));
      this.#heldBytes += 64 + 48 * ref.pieces.length;
    } else {
      const { id, offset, length } = ref.kind === "range"
        ? this.#range(path, ref)
        : { id: this.#urlId(ref.url), offset: 0, length: 0 };
      rows.add(coords, id, offset, length, ref.encoding);
    }
    if (++this.#taken % 4096 === 0) this.#check();
  }

  /** The index of what was taken. @throws IndexError for references of what is no array */
  async finish(): Promise<MemoryIndex> {
    this.#check();
    const inline = this.#inline.slice(0, this.#inlineBytes);
    const targets = new ListedTargets(this.#resolved.trim(), inline, [], this.#joined);
    const arrays = new Map<string, ArrayReferences>();
    let heldBytes = this.#heldBytes + targets.heldBytes;
    for (const [path, rows] of this.#rows) {
      const node = this.#nodes.get(path);
      if (node?.type !== "array" || node.metadata.shape.length !== rows.rank) {
        throw new IndexError(
          `The references of "${path}" are of no array of ${rows.rank} dimensions`,
        );
      }
      const { layout } = node;
      if (!layout) continue;
      const table = await inSlices(ReferenceTable.build(layout.chunks, rows.inGrid(layout)));
      arrays.set(path, new ArrayReferences(layout, table, targets, 0, this.#unwritten.get(path)));
      this.#rows.delete(path);
      heldBytes += table.heldBytes + 192;
    }
    if (heldBytes > this.maxBytes) {
      throw overLimit(`The index holds ${heldBytes} bytes`, this.maxBytes);
    }
    const [tree, nodes] = [this.#tree, this.#nodes];
    const implied: Node = { type: "group", metadata: { zarr_format: 3, node_type: "group" } };
    return {
      heldBytes,
      node: (path) => nodes.get(path) ?? (tree.isGroup(path) ? implied : undefined),
      children: (path) => tree.children(path),
      references: (path) => arrays.get(path),
    };
  }

  #rowsOf(path: string, coords: readonly number[]): ReferenceRows {
    let rows = this.#rows.get(path);
    if (!rows) this.#rows.set(path, rows = new ReferenceRows(coords.length));
    const isPlace = coords.length === rows.rank &&
      coords.every((at) => Number.isSafeInteger(at) && at >= 0);
    if (!isPlace) throw new IndexError(`A reference of "${path}" is no chunk's`, { coords });
    return rows;
  }

  #range(path: string, { url, offset, length }: Range): PackedRow {
    const isRange = offset >= 0 && length > 0 && Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) && Number.isSafeInteger(offset + length);
    if (!isRange) {
      throw new IndexError(`A reference of "${path}" is no range of bytes`, { offset, length });
    }
    return { id: this.#urlId(url), offset, length };
  }

  #urlId(url: string): number {
    const number = this.#urls.add(encoder.encode(url));
    // resolved once each; what two spellings resolve to has two numbers
    if (number === this.#resolved.size) {
      this.#resolved.append(encoder.encode(referenceUrl(url, this.base).href));
    }
    return FIRST_URL_ID + number;
  }

  #addInline(bytes: Uint8Array): number {
    const offset = this.#inlineBytes;
    this.#inlineBytes += bytes.length;
    if (this.#inlineBytes > this.maxBytes) {
      throw overLimit("The chunks within the index are too large", this.maxBytes);
    }
    if (this.#inlineBytes > this.#inline.length) {
      const grown = new Uint8Array(Math.max(2 * this.#inline.length, this.#inlineBytes));
      grown.set(this.#inline.subarray(0, offset));
      this.#inline = grown;
    }
    this.#inline.set(bytes, offset);
    return offset;
  }

  #check(): void {
    let held = this.#heldBytes + this.#inline.length + this.#urls.heldBytes +
      this.#resolved.heldBytes;
    for (const rows of this.#rows.values()) held += rows.heldBytes;
    const most = this.maxBytes * TRANSIENT_FACTOR;
    if (held > most) throw overLimit(`The index holds over ${held} bytes while it is read`, most);
  }
}
