/** One HTTP request to an origin, and the text of small answers. */

import { networkFault } from "./ending.ts";
import { collectUpTo } from "./body.ts";

/** One request to an origin, before and after it is addressed and signed. */
export interface OriginRequest {
  /** Nothing here ever writes. */
  readonly method: "GET" | "HEAD";
  /** With everything but credentials; those go into headers. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  /** Cancels the request, and the reading of its body. */
  readonly signal?: AbortSignal;
  /** True: not over a connection that was kept from earlier requests. */
  readonly fresh?: boolean;
}

/** Sends a request and gives the response, redirects not followed unless the sender is made to. */
export type Send = (request: OriginRequest) => Promise<Response>;

/**
 * {@link Send} over `fetch`: no redirects, no content encoding, faults of the network as OriginError.
 *
 * @param freshFetcher the same, never over a connection that was kept
 */
export function fetchSend(fetcher: typeof fetch, freshFetcher = fetcher): Send {
  return async ({ method, url, headers, signal, fresh }) => {
    try {
      return await (fresh ? freshFetcher : fetcher)(url, {
        method,
        headers,
        signal,
        redirect: "manual",
      });
    } catch (cause) {
      // a signed URL's query is a credential
      throw networkFault(cause, url.split("?", 1)[0], signal);
    }
  };
}

/** Frees the connection of a response whose body is not wanted: small bodies are read to their end. */
export async function discard(response: Response): Promise<void> {
  const { body, headers } = response;
  if (body === null) return;
  const declared = headers.get("content-length");
  const done = declared !== null && Number(declared) <= 16384
    ? response.arrayBuffer()
    : body.cancel();
  // its content means nothing: a failure here changes nothing
  await done.catch(() => undefined);
}

/** Bytes of an answer that are read as text: an error, a page of a listing. */
const MAX_TEXT = 8 << 20;

export async function readText(
  response: Response,
  url: string,
  signal?: AbortSignal,
): Promise<string> {
  if (response.body === null) return "";
  try {
    return new TextDecoder().decode(await collectUpTo(response.body, MAX_TEXT, url));
  } catch (cause) {
    throw networkFault(cause, url, signal);
  }
}
