/** URLs of the files below an index's folder. */

import { IndexError } from "../src/errors.ts";

// deno-lint-ignore no-control-regex
const NOT_PLAIN = /[\u0000-\u0020\u007f%?#\\]/g;

/** `text` with the characters escaped that a URL's path would take for something else. */
export function plainPath(text: string): string {
  return text.replace(
    NOT_PLAIN,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** True if the first bytes at a URL leave open that it is a folder: there are none, or a listing. */
export function mayBeFolder(head: Uint8Array | undefined): boolean {
  return head === undefined || head.length === 0 || head[0] === 0x3c; // <
}

/** The folder that a target means: `set.parq`, `set.parq/` and `set.parq/.zmetadata` are the same. */
export function folderUrl(url: URL): URL {
  const folder = new URL(url);
  folder.hash = "";
  folder.pathname = folder.pathname.replace(
    /\/(?:\.z(?:metadata|group|array|attrs)|zarr\.json)$/,
    "/",
  );
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return folder;
}

/**
 * The URL of a file below `folder`; names are plain text, and a query (a signature) stays.
 *
 * @throws IndexError for a name that would lead out of the folder
 */
export function urlBelow(folder: URL, names: readonly string[], file: string): URL {
  for (const name of names) {
    if (name === "" || name === "." || name === ".." || !name.isWellFormed()) {
      throw new IndexError(`The index has a node that is called "${name}"`, { name });
    }
  }
  const url = new URL(folder);
  url.pathname += [...names, file].map(plainPath).join("/");
  return url;
}
