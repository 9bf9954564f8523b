/** Folders of a bucket: ListObjectsV2, which Google Cloud Storage answers too. */

import type { Send } from "../send.ts";
import type { StoreRequest } from "../store.ts";
import { getText, noListing } from "./http.ts";
import { objectKey } from "./object_key.ts";
import type { ListEntry } from "../origin.ts";
import { elements, elementText, parseXml, type XmlElement } from "./xml.ts";

/** Pages of up to 1,000 names that are read; a larger folder is not listed. */
const MAX_PAGES = 20;

/**
 * The entries of the folder at `url`; undefined for more of them than are listed.
 *
 * @param send resolves URLs against the bucket's
 */
export async function listBucket(
  send: Send,
  url: URL,
  options: StoreRequest,
): Promise<ListEntry[] | undefined> {
  const folder = objectKey(url).replace(/([^/])$/, "$1/");
  const entries: ListEntry[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const xml = await readPage(send, folder, token, url, options);
    const decode = elementText(xml, "EncodingType") === "url"
      ? (text: string) => decodeURIComponent(text.replaceAll("+", "%20"))
      : (text: string) => text;
    const add = (path: string | undefined, kind: ListEntry["kind"]) => {
      const name = decode(path ?? "").slice(folder.length).replace(/\/$/, "");
      if (name !== "") entries.push({ name, kind });
    };
    for (const item of elements(xml, "Contents")) add(elementText(item, "Key"), "object");
    for (const item of elements(xml, "CommonPrefixes")) add(elementText(item, "Prefix"), "folder");
    if (elementText(xml, "IsTruncated") !== "true") return entries;
    token = elementText(xml, "NextContinuationToken");
    if (token === undefined) return undefined;
  }
  return undefined;
}

async function readPage(
  send: Send,
  folder: string,
  token: string | undefined,
  url: URL,
  options: StoreRequest,
): Promise<XmlElement> {
  const query = new URLSearchParams({
    "delimiter": "/",
    "encoding-type": "url",
    "list-type": "2",
    "prefix": folder,
  });
  if (token !== undefined) query.set("continuation-token", token);
  // a form's "+" is not what signatures are made over
  const address = `?${String(query).replaceAll("+", "%20")}`;
  const xml = await parseXml(await getText(send, address, url, options));
  if (xml?.name !== "ListBucketResult") throw noListing(url);
  return xml;
}
