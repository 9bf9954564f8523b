/** Containers of Azure Blob Storage. Source: learn.microsoft.com/rest/api/storageservices. */

import { OriginError } from "../../errors.ts";
import { confirmingAbsence } from "./absence.ts";
import { credentialHeaders } from "../credentials.ts";
import type { Send } from "../send.ts";
import type { Store, StoreRequest } from "../store.ts";
import { getText, httpStore, noListing } from "./http.ts";
import { escapeKey, objectKey } from "./object_key.ts";
import type { ListEntry } from "../origin.ts";
import type { OriginSettings } from "../settings.ts";
import { elements, elementText, parseXml, type XmlElement } from "./xml.ts";

/** The first version of the protocol with everything that is used here. */
const API_VERSION = "2021-08-06";
/** Pages of up to 5,000 names that are read; a larger folder is not listed. */
const MAX_PAGES = 8;

/** True for hosts that only Azure's blob service has. */
export function isAzureBlobHost(hostname: string): boolean {
  return /\.blob\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)$/.test(hostname);
}

/**
 * The account behind `az://container/blob`, `abfs(s)://container@account.dfs.core.windows.net/blob` or
 * `https://account.blob.core.windows.net/container/blob` URLs: anonymous, with a shared access
 * signature, or with a bearer token.
 *
 * @throws OriginError `origin-not-allowed` for `az://` where no account or endpoint is set
 */
export function azureStore(example: URL, settings: OriginSettings, send: Send): Store {
  const base = accountUrl(example, settings);
  const added = { "x-ms-version": API_VERSION, ...credentialHeaders(settings) };
  const sas = settings.anonymous ? "" : settings.sas?.replace(/^\?/, "") ?? "";

  /** `request.url` is relative to the account. The signature meets it here and nowhere else. */
  const sendToAccount: Send = (request) => {
    const joint = request.url.includes("?") ? "&" : "?";
    return send({
      ...request,
      url: base + request.url + (sas === "" ? "" : joint + sas),
      headers: { ...request.headers, ...added },
    });
  };

  return {
    ...httpStore(confirmingAbsence(sendToAccount), (url) => {
      const { container, blob } = placeOf(url);
      return `${container}/${escapeKey(blob)}${url.search}`;
    }),
    list: ({ url }, options) => listContainer(sendToAccount, url, options),
  };
}

function isWeb(url: URL): boolean {
  return url.protocol === "https:" || url.protocol === "http:";
}

/** The base URL of the account that `url` is in, ending in `/`. */
function accountUrl(url: URL, settings: OriginSettings): string {
  if (isWeb(url)) return `${url.origin}/`;
  if (settings.endpoint !== undefined) return `${settings.endpoint.replace(/\/$/, "")}/`;
  const account = url.username === "" ? settings.account : url.hostname.split(".")[0];
  if (account === undefined || !/^[a-z0-9-]+$/.test(account)) {
    throw new OriginError(
      "origin-not-allowed",
      'The catalog\'s origins must set "account" or "endpoint" for this container',
      { url: url.href },
    );
  }
  const domain = url.username === ""
    ? ".blob.core.windows.net"
    : url.hostname.slice(account.length).replace(/^\.dfs\./, ".blob.");
  return `https://${account}${domain}/`;
}

/** The container (escaped) and the name of a blob. */
function placeOf(url: URL): { container: string; blob: string } {
  const key = objectKey(url);
  if (!isWeb(url)) {
    return { container: encodeURIComponent(url.username || url.hostname), blob: key };
  }
  const slash = key.indexOf("/");
  return { container: encodeURIComponent(key.slice(0, slash)), blob: key.slice(slash + 1) };
}

async function listContainer(
  send: Send,
  url: URL,
  options: StoreRequest,
): Promise<ListEntry[] | undefined> {
  const { container, blob } = placeOf(url);
  const folder = blob.replace(/([^/])$/, "$1/");
  const entries: ListEntry[] = [];
  let marker = "";
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({
      restype: "container",
      comp: "list",
      delimiter: "/",
      prefix: folder,
      ...(marker === "" ? {} : { marker }),
    });
    const xml = await parseXml(await getText(send, `${container}?${query}`, url, options));
    if (xml?.name !== "EnumerationResults") throw noListing(url);
    const blobs = elements(xml, "Blobs")[0];
    const add = (item: XmlElement, kind: ListEntry["kind"]) => {
      const name = (elementText(item, "Name") ?? "").slice(folder.length).replace(/\/$/, "");
      if (name !== "") entries.push({ name, kind });
    };
    for (const item of elements(blobs, "Blob")) add(item, "object");
    for (const item of elements(blobs, "BlobPrefix")) add(item, "folder");
    marker = elementText(xml, "NextMarker") ?? "";
    if (marker === "") return entries;
  }
  return undefined;
}
