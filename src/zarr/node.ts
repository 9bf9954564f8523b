/** A node of a hierarchy in Zarr v3 terms, and the documents that its source has of it. */

import type { ChunkLayout } from "./chunk_grid.ts";
import type { ArrayMetadata, Encoding, GroupMetadata } from "./metadata.ts";

/** The metadata documents of a node exactly as the source holds them, for `~native` and `~v2`. */
export type SourceDocuments =
  | { readonly zarrFormat: 3; readonly zarrJson: Uint8Array }
  | {
    readonly zarrFormat: 2;
    /** `.zarray` of an array, `.zgroup` of a group (absent for a group that is only implied). */
    readonly document?: Uint8Array;
    readonly zattrs?: Uint8Array;
  };

/** A group of the hierarchy. */
export interface GroupNode {
  /** What tells it from an array. */
  readonly type: "group";
  /** In Zarr v3 terms, whatever the source's format. */
  readonly metadata: GroupMetadata;
  /** The node's own documents, where the source has any. */
  readonly source?: SourceDocuments;
}

/** An array of the hierarchy, its metadata in Zarr v3 terms with the source's own codec names. */
export interface ArrayNode {
  /** What tells it from a group. */
  readonly type: "array";
  /** In Zarr v3 terms, with the source's own codec names. */
  readonly metadata: ArrayMetadata;
  /** Its grid, and how the source spells its chunks' keys; where absent, as the metadata tells. */
  readonly layout?: ChunkLayout;
  /**
   * The encodings that its chunks have, by `ChunkRef.encoding`; the first, the usual one, is that of the
   * metadata. Absent where all chunks have that.
   */
  readonly encodings?: readonly Encoding[];
  /** The node's own documents, where the source has any. */
  readonly source?: SourceDocuments;
  /** Why this array has no faithful Zarr v3 form, for `inspect`; undefined if it has one. */
  readonly unsupported?: string;
}

/** A node of the hierarchy. */
export type Node = GroupNode | ArrayNode;
