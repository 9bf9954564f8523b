/** How a file's space is laid out: in a "cloud-optimised" one, metadata stand together in pages. Source: HDF5 File Format Specification IV.A.2.x. */

import { Cursor } from "./cursor.ts";
import type { Hdf5File } from "./file.ts";
import { MESSAGE, readObjectHeader } from "./object_header.ts";

const IN_PAGES = 1;

/** Bytes of a page of a file that is laid out in pages; undefined if it is not. @throws IndexError, OriginError */
export async function pageBytes(file: Hdf5File): Promise<number | undefined> {
  const { extension } = file.superblock;
  if (extension === undefined) return undefined;
  const messages = await readObjectHeader(file, extension);
  const message = messages.find(({ type }) => type === MESSAGE.fileSpace);
  if (!message) return undefined;
  const cursor = new Cursor(message.data, file.sizes);
  if (cursor.u8() !== 1 || cursor.u8() !== IN_PAGES) return undefined;
  cursor.skip(1); // whether free space is remembered
  cursor.length(); // the threshold of it
  return cursor.length();
}
