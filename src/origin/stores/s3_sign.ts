/** AWS Signature Version 4 in headers, by aws4fetch. */

import { AwsV4Signer } from "aws4fetch";
import { LRUCache } from "lru-cache";
import { discard, type OriginRequest, type Send } from "../send.ts";
import type { OriginSettings } from "../settings.ts";

/** Milliseconds for which a signature is used again; servers accept 15 minutes. */
const REUSE = 60_000;
/** Milliseconds by which a server's clock may differ before it is taken in place of ours. */
const SKEW = 240_000;
const REMEMBERED = 2000;

interface Signature {
  /** On a clock that is never set. */
  readonly at: number;
  readonly headers: Record<string, string>;
}

/**
 * `send`, with requests signed by the static keys of `settings`, if there are any. A server that refuses
 * one and whose clock is not ours is asked again by its own clock, which is followed from then on.
 *
 * What is signed is the method, the host, the path, the query and the date, not the range: so the
 * signature of a file serves all ranges of it for a minute, and costs (about twice as much as the
 * request itself) once.
 */
export function s3Signed(send: Send, settings: OriginSettings, region: () => string): Send {
  const { accessKeyId, secretAccessKey, sessionToken, anonymous } = settings;
  if (anonymous || accessKeyId === undefined || secretAccessKey === undefined) return send;
  const keys = new Map<string, ArrayBuffer>();
  const signatures = new LRUCache<string, Signature>({ max: REMEMBERED });

  /** Milliseconds that the server's clock is ahead of ours. */
  let ahead = 0;

  const sign = async (request: OriginRequest): Promise<OriginRequest> => {
    const signedHeaders = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => name.startsWith("x-amz-")),
    );
    const key = `${request.method} ${region()} ${ahead} ${request.url}`;
    const now = performance.now();
    let signature = signatures.get(key);
    if (signature === undefined || now - signature.at > REUSE) {
      const signer = new AwsV4Signer({
        method: request.method,
        url: request.url,
        headers: signedHeaders,
        accessKeyId,
        secretAccessKey,
        sessionToken,
        service: "s3",
        region: region(),
        cache: keys,
        datetime: new Date(Date.now() + ahead).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      });
      const { headers } = await signer.sign();
      headers.delete("host");
      signature = { at: now, headers: Object.fromEntries(headers) };
      signatures.set(key, signature);
    }
    return { ...request, headers: { ...request.headers, ...signature.headers } };
  };

  return async (request) => {
    const response = await send(await sign(request));
    if (response.status !== 403) return response;
    const theirs = Date.parse(response.headers.get("date") ?? "") - Date.now();
    if (!(Math.abs(theirs - ahead) > SKEW)) return response;
    await discard(response);
    ahead = theirs;
    return await send(await sign(request));
  };
}
