/** The Zarr that a client is shown, of the same archive. */

/** Which Zarr a client is shown: portable v3, v3 in the source's own codecs, or v2 keys. */
export type View = "portable" | "native" | "v2";
