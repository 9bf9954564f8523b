/** AWS Signature Version 4 in headers, by aws4fetch. */

import { AwsV4Signer } from "aws4fetch";
import { LRUCache } from "lru-cache";
import type { Sign } from "../credentials.ts";
import type { OriginSettings } from "../settings.ts";

/** Milliseconds for which a signature is used again; servers accept 15 minutes. */
const REUSE = 60_000;
/** Signatures remembered. */
const REMEMBERED = 2000;

interface Signature {
  readonly at: number;
  readonly headers: Record<string, string>;
}

/**
 * Signs requests with the static keys of `settings`; undefined if there are none.
 *
 * What is signed is the method, the host, the path, the query and the date, not the range: so the
 * signature of a file serves all ranges of it for a minute, and costs (about twice as much as the
 * request itself) once.
 */
export function s3Sign(settings: OriginSettings, region: () => string): Sign | undefined {
  const { accessKeyId, secretAccessKey, sessionToken, anonymous } = settings;
  if (anonymous || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const keys = new Map<string, ArrayBuffer>();
  const signatures = new LRUCache<string, Signature>({ max: REMEMBERED });

  return async (request) => {
    const signedHeaders = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => name.startsWith("x-amz-")),
    );
    const key = `${request.method} ${region()} ${request.url}`;
    const now = Date.now();
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
      });
      const { headers } = await signer.sign();
      headers.delete("host");
      signature = { at: now, headers: Object.fromEntries(headers) };
      signatures.set(key, signature);
    }
    return { ...request, headers: { ...request.headers, ...signature.headers } };
  };
}
