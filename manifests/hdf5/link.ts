/** Link messages: a name below a group, and what it leads to. Source: HDF5 File Format Specification IV.A.2.g. */

import { Cursor, decodeText, type FieldSizes } from "./cursor.ts";

/** What a name of a group leads to. */
export type Link =
  & { readonly name: string }
  & (
    | { readonly kind: "hard"; readonly address: number }
    /** To another path of the file. */
    | { readonly kind: "soft"; readonly target: string }
    /** To a path of another file, or what a plug-in makes of it. */
    | { readonly kind: "external"; readonly target: string }
  );

/** Reads the message. @throws IndexError */
export function parseLink(data: Uint8Array, sizes: FieldSizes): Link {
  const cursor = new Cursor(data, sizes);
  cursor.version("a link", 1);
  const flags = cursor.u8();
  const kind = flags & 8 ? cursor.u8() : 0;
  if (flags & 4) cursor.skip(8); // creation order
  if (flags & 16) cursor.skip(1); // character set
  const name = decodeText(cursor.take(cursor.uint(1 << (flags & 3))));
  if (kind === 0) return { name, kind: "hard", address: cursor.uint(sizes.offsets) };
  const value = cursor.take(cursor.u16());
  if (kind === 1) return { name, kind: "soft", target: decodeText(value) };
  const texts = kind === 64
    ? decodeText(value.subarray(1)).split("\0").slice(0, 2)
    : [`link of kind ${kind}`];
  return { name, kind: "external", target: texts.join(":") };
}
