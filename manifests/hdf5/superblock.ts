/** The superblock: where the root group is, and how wide addresses are. Source: HDF5 File Format Specification III. */

import { IndexError } from "../../src/errors.ts";
import { verifyChecksum } from "./checksum.ts";
import { Cursor, type FieldSizes } from "./cursor.ts";

/** What every HDF5 file starts with, at 0 or, behind a user block, at 512, 1024, 2048, …. */
export const SIGNATURE: Uint8Array = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);

/** Bytes that hold any superblock. */
export const SUPERBLOCK_BYTES = 128;

/** Where a file's objects are. */
export interface Superblock {
  /** How wide its fields are. */
  readonly sizes: FieldSizes;
  /** What is added to every address: bytes of the user block, usually. */
  readonly base: number;
  /** Bytes of the whole file when its writer closed it; undefined if it did not say. */
  readonly fileBytes?: number;
  /** The root group's object header. */
  readonly root: number;
  /** The superblock extension's object header, from version 2 on, where there is one. */
  readonly extension?: number;
}

/** True if the superblock's signature stands at the start of `bytes`. */
export function hasSignature(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** Reads the superblock at the start of `bytes`. @throws IndexError */
export function parseSuperblock(bytes: Uint8Array): Superblock {
  if (!hasSignature(bytes)) throw new IndexError("This is no HDF5 file: it has no signature");
  const version = bytes[8];
  if (version > 3) throw new IndexError(`Version ${version} of the HDF5 superblock is not known`);
  const early = version < 2;
  const sizes = early
    ? { offsets: bytes[13], lengths: bytes[14] }
    : { offsets: bytes[9], lengths: bytes[10] };
  for (const size of [sizes.offsets, sizes.lengths]) {
    if (![2, 4, 8].includes(size)) {
      throw new IndexError(`HDF5 fields of ${size} bytes are not known`);
    }
  }
  if (early) {
    const cursor = new Cursor(bytes, sizes, version === 0 ? 24 : 28);
    const base = cursor.address();
    cursor.skip(sizes.offsets); // free space
    const fileBytes = cursor.address();
    cursor.skip(2 * sizes.offsets); // driver, the root's link name
    const root = cursor.address();
    return { sizes, base: base ?? 0, fileBytes, root: defined(root) };
  }
  const cursor = new Cursor(bytes, sizes, 12);
  const base = cursor.address();
  const extension = cursor.address();
  const fileBytes = cursor.address();
  const root = cursor.address();
  verifyChecksum(bytes.subarray(0, cursor.skip(4).at), "the superblock");
  return { sizes, base: base ?? 0, fileBytes, root: defined(root), extension };
}

function defined(root: number | undefined): number {
  if (root === undefined) throw new IndexError("The HDF5 file has no root group");
  return root;
}
