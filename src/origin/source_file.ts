/** The files that references lead to. */

/** What a source file looked like when it was indexed; sent as `If-Match` or `If-Unmodified-Since`. */
export interface Validator {
  /** The entity tag as HTTP writes it, quotes included. */
  readonly etag?: string;
  /** Seconds since the Unix epoch. */
  readonly lastModified?: number;
}

/**
 * One file behind references. An index hands out the same object for the same file while it remembers
 * it, so that what is derived from it (its canonical URL, its host's layers) is made once.
 */
export interface SourceFile {
  /** Where it is. Shared: nobody may change it. */
  readonly url: URL;
  /** The state that the index was made from; a read of any other is `source-changed`. */
  readonly validator?: Validator;
  /** True if the file is never rewritten (an Icechunk repository's own chunks). */
  readonly immutable?: true;
}
