/** An HDF5 file as its parts ask for it: bytes at addresses, read by way of whatever is passed in. */

import { IndexError } from "../../src/errors.ts";
import { verifyChecksum } from "./checksum.ts";
import { Cursor, type FieldSizes } from "./cursor.ts";
import { hasSignature, parseSuperblock, type Superblock, SUPERBLOCK_BYTES } from "./superblock.ts";

/** Where a file's bytes come from. */
export interface Bytes {
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, both in bytes and inside the file.
   *
   * @throws OriginError if they cannot be read
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A user block is at most this long here. */
const MAX_USER_BLOCK = 2 ** 20;

/** The most bytes that one structure of metadata may have. */
const MAX_STRUCTURE_BYTES = 64 * 2 ** 20;

/** An opened file. Immutable. */
export class Hdf5File {
  private constructor(readonly source: Bytes, readonly superblock: Superblock) {}

  /** Looks for the superblock. @throws IndexError if there is none */
  static async open(source: Bytes): Promise<Hdf5File> {
    for (let at = 0; at <= MAX_USER_BLOCK && at + 16 <= source.size; at = at === 0 ? 512 : 2 * at) {
      const head = await source.read(at, Math.min(SUPERBLOCK_BYTES, source.size - at));
      if (!hasSignature(head)) continue;
      const superblock = parseSuperblock(head);
      const { fileBytes = 0 } = superblock;
      if (source.size < fileBytes) {
        throw new IndexError(
          `The file is cut short: it has ${source.size} bytes of ${fileBytes}`,
        );
      }
      // A file behind a user block that was put there later has a base of 0, and still starts here.
      return new Hdf5File(source, {
        ...superblock,
        base: superblock.base === 0 ? at : superblock.base,
      });
    }
    throw new IndexError("This is no HDF5 file: it has no signature");
  }

  /** How wide its fields are. */
  get sizes(): FieldSizes {
    return this.superblock.sizes;
  }

  /** A cursor over `length` bytes at `address`. @throws IndexError outside of the file; OriginError */
  async at(address: number, length: number): Promise<Cursor> {
    const offset = this.superblock.base + address;
    if (length > MAX_STRUCTURE_BYTES) {
      throw new IndexError(
        `A structure of ${length} bytes is over the ${MAX_STRUCTURE_BYTES} read at once`,
      );
    }
    if (offset + length > this.source.size) {
      throw new IndexError(
        "The file's metadata leads outside of the file: it is cut short or damaged",
      );
    }
    return new Cursor(await this.source.read(offset, length), this.sizes);
  }

  /** {@link at} of what is at most `most` bytes long, less where the file ends before. */
  async upTo(address: number, most: number): Promise<Cursor> {
    const left = this.source.size - this.superblock.base - address;
    return await this.at(address, Math.max(0, Math.min(most, left)));
  }

  /** {@link at}, its last four bytes verified as checksum. */
  async checked(address: number, length: number, what: string): Promise<Cursor> {
    const cursor = await this.at(address, length);
    verifyChecksum(cursor.bytes, what);
    return cursor;
  }
}
