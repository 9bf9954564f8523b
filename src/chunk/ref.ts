/** Where a chunk's encoded bytes lie. */

import type { ByteRange } from "../byte_range.ts";
import type { SourceFile } from "../origin/source_file.ts";

/**
 * Where a chunk's encoded bytes live. `undefined` in its place means: the index proves that it is
 * absent.
 */
export type ChunkRef =
  & {
    /** Which of the array's encodings it has: an index into `ArrayNode.encodings`; 0, the usual one, if absent. */
    readonly encoding?: number;
  }
  & (
    | { readonly kind: "inline"; readonly bytes: Uint8Array }
    | {
      readonly kind: "range";
      readonly file: SourceFile;
      /** Bytes from the start of the file; a safe integer ≥ 0. */
      readonly offset: number;
      /** Bytes; a safe integer > 0. */
      readonly length: number;
      /** The chunk is these bytes of what the range decodes to; all of it if absent. */
      readonly within?: ByteRange;
    }
    /** A whole file. */
    | { readonly kind: "object"; readonly file: SourceFile }
    /** Parts that are one chunk in a row: linked blocks, pieces, shards. Their own encodings do not count. */
    | { readonly kind: "concat"; readonly parts: readonly ChunkRef[] }
  );

/** Every file that a reference leads to. */
export function filesOf(ref: ChunkRef): SourceFile[] {
  if (ref.kind === "concat") return ref.parts.flatMap(filesOf);
  return ref.kind === "inline" ? [] : [ref.file];
}
