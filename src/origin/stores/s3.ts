/** Buckets of S3 and of what speaks its protocol. Source: Amazon S3 API Reference. */

import { confirmingAbsence } from "./absence.ts";
import { credentialHeaders } from "../credentials.ts";
import { discard, type OriginRequest, type Send } from "../send.ts";
import type { Store } from "../store.ts";
import { httpStore } from "./http.ts";
import { listBucket } from "./bucket_listing.ts";
import { escapeKey, objectKey } from "./object_key.ts";
import { bucketUrl } from "./s3_address.ts";
import { s3Signed } from "./s3_sign.ts";
import type { OriginSettings } from "../settings.ts";

/**
 * The bucket that is the host of `s3://bucket/key` URLs. Credentials go into headers. Where Amazon says
 * that the bucket is in another region than set (or guessed), that region is used from then on.
 */
export function s3Store(bucket: string, settings: OriginSettings, send: Send): Store {
  let region = settings.region;
  const added = credentialHeaders({ headers: settings.headers });
  if (settings.requesterPays) added["x-amz-request-payer"] = "requester";
  const signed = s3Signed(send, settings, () => region ?? "us-east-1");
  // a signature is for one region, and so must the host be
  const base = () =>
    bucketUrl(bucket, settings, region ?? (settings.accessKeyId ? "us-east-1" : undefined));

  /** `request.url` is relative to the bucket. */
  async function sendOnce(request: OriginRequest): Promise<Response> {
    const headers = { ...request.headers, ...added };
    const url = base() + request.url;
    return await signed({ ...request, url, headers });
  }

  const sendToBucket: Send = async (request) => {
    const response = await sendOnce(request);
    if (response.ok || settings.endpoint !== undefined) return response;
    const actual = response.headers.get("x-amz-bucket-region");
    if (actual === null || actual === region || !/^[a-z0-9-]+$/.test(actual)) return response;
    await discard(response);
    region = actual;
    return await sendOnce(request);
  };

  return {
    ...httpStore(confirmingAbsence(sendToBucket), (url) => escapeKey(objectKey(url))),
    list: ({ url }, options) => listBucket(sendToBucket, url, options),
  };
}
