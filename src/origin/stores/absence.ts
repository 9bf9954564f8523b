/** What an object store's 404 is about: a key, or a bucket that is not there, or that may not be seen. */

import { OriginError } from "../../errors.ts";
import { discard, type OriginRequest, readText, type Send } from "../send.ts";
import { elementText, parseXml } from "./xml.ts";

/** The codes of S3 and Google Cloud Storage, and of Azure, for a key that is not there. */
const NO_SUCH_KEY = new Set(["NoSuchKey", "BlobNotFound"]);
/** Headers that only the answers of object stores have. */
const STORE_HEADERS = ["x-amz-request-id", "x-guploader-uploadid", "x-ms-request-id"];

/** True if `response` looks as an object store's does. */
export function isStoreAnswer({ headers }: Response): boolean {
  return STORE_HEADERS.some((name) => headers.has(name));
}

/**
 * `send`, whose 404 counts only where the store says that it is the key that is missing. A HEAD has no
 * body to say so in: it is made again as a GET.
 *
 * @param speaks whether an answer is an object store's; others' 404 are passed on
 */
export function confirmingAbsence(
  send: Send,
  speaks: (response: Response) => boolean = () => true,
): Send {
  async function codeOf(response: Response, request: OriginRequest): Promise<string | undefined> {
    const inHeader = response.headers.get("x-ms-error-code");
    if (inHeader !== null) {
      await discard(response);
      return inHeader;
    }
    const text = await readText(response, request.url.split("?", 1)[0], request.signal);
    return elementText(await parseXml(text), "Code");
  }

  return async (request) => {
    let response = await send(request);
    if (response.status !== 404 || !speaks(response)) return response;
    const { headers } = response;
    if (request.method === "HEAD" && !headers.has("x-ms-error-code")) {
      await discard(response);
      const range = { ...request.headers, range: "bytes=0-0" };
      response = await send({ ...request, method: "GET", headers: range });
      if (response.ok) {
        await discard(response);
        throw new OriginError("origin-unavailable", "The origin contradicts itself");
      }
      if (response.status !== 404) return response;
    }
    const originCode = await codeOf(response, request);
    if (NO_SUCH_KEY.has(originCode ?? "")) return new Response(null, { status: 404, headers });
    const detail = originCode === "NoSuchBucket"
      ? "The origin has no such bucket"
      : "The origin does not say that the object is absent";
    throw new OriginError("reference-unreachable", detail, { originCode });
  };
}
