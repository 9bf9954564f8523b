/** The file that a DMR++ document is about. What may be read of it is the catalog's to say. */

import { IndexError } from "../../src/errors.ts";

/** What stands for the data file's URL, which only a server knows. */
const PLACEHOLDER = "OPeNDAP_DMRpp_DATA_ACCESS_URL";

/**
 * The data file's URL as a reference in the document at `url`: what it says, else the document's own name
 * without `.dmrpp`.
 *
 * @throws IndexError if neither tells one
 */
export function dataFile(href: string | undefined, url: URL): string {
  if (href && href !== PLACEHOLDER) return href;
  const name = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  const own = name.replace(/\.dmr(?:pp)?(?:\.gz|\.zst)?$/i, "");
  if (own === name || own === "") {
    throw new IndexError(
      "The document does not say where its data file is, and its own name is not NAME.dmrpp",
    );
  }
  return /^https?:$/.test(url.protocol) ? `./${own}${url.search}` : decodeURIComponent(own);
}
