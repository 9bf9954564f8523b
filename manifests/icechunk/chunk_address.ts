/** From a row of a manifest file to the chunk's address. */

import { IndexError } from "../../src/errors.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { SourceFile, Validator } from "../../src/origin/source_file.ts";
import { type ArrayRefs, REF_KIND } from "./array_refs.ts";
import { decodeText } from "./flatbuffer.ts";
import type { ManifestFile } from "./manifest_file.ts";
import { encodeObjectId } from "./object_id.ts";

/** What an entity tag may be made of (RFC 9110 §8.8.3). */
const ENTITY_TAG = /^[\x21\x23-\x7e\x80-\xff]*$/;

/** The bytes of a virtual reference's location. @throws IndexError */
export function locationBytes(file: ManifestFile, refs: ArrayRefs, row: number): Uint8Array {
  const payload = file.payloads.get(refs.payload.get(row));
  if (refs.kind.get(row) === REF_KIND.location) return payload;
  if (!file.dictionary) {
    throw new IndexError("A manifest has compressed locations and no dictionary for them");
  }
  return file.dictionary.decode(payload);
}

/** The name of a native chunk's file. */
export function nativeChunkId(file: ManifestFile, refs: ArrayRefs, row: number): string {
  return encodeObjectId(file.payloads.get(refs.payload.get(row)));
}

/** What a virtual reference's file looked like when it was indexed. @throws IndexError */
export function rowValidator(
  file: ManifestFile,
  refs: ArrayRefs,
  row: number,
): Validator | undefined {
  const etag = refs.etag.get(row);
  if (etag > 0) return { etag: entityTag(decodeText(file.etags.get(etag - 1))) };
  const lastModified = refs.lastModified.get(row);
  return lastModified > 0 ? { lastModified } : undefined;
}

/**
 * The address of row `row`; undefined for a virtual reference of no bytes, which is no chunk.
 *
 * @param url the URL of a native chunk's file or of a virtual location, as the row's kind has it;
 *   undefined for an inline chunk, or where the rest of the address is enough
 * @throws IndexError
 */
export function chunkAddress(
  file: ManifestFile,
  refs: ArrayRefs,
  row: number,
  url: URL | undefined,
): ChunkRef | undefined {
  const kind = refs.kind.get(row);
  if (kind === REF_KIND.inline) {
    return { kind: "inline", bytes: file.payloads.get(refs.payload.get(row)) };
  }
  const length = refs.length.get(row);
  const native = kind === REF_KIND.native;
  if (length === 0) return native ? { kind: "inline", bytes: new Uint8Array(0) } : undefined;
  const validator = native ? undefined : rowValidator(file, refs, row);
  const source: SourceFile = {
    url: url!,
    ...(native ? { immutable: true } : {}),
    ...(validator ? { validator } : {}),
  };
  return { kind: "range", file: source, offset: refs.offset.get(row), length };
}

/** An entity tag as HTTP writes it. Writers store it with its quotes or without. */
function entityTag(stored: string): string {
  const weak = stored.startsWith("W/");
  const opaque = (weak ? stored.slice(2) : stored).replace(/^"(.*)"$/s, "$1");
  if (!ENTITY_TAG.test(opaque)) throw new IndexError("A reference's entity tag is malformed");
  return `${weak ? "W/" : ""}"${opaque}"`;
}
