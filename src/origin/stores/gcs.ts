/** Buckets of Google Cloud Storage, by its XML API. Source: cloud.google.com/storage/docs/xml-api. */

import { confirmingAbsence } from "./absence.ts";
import { listBucket } from "./bucket_listing.ts";
import { credentialHeaders } from "../credentials.ts";
import type { Send } from "../send.ts";
import type { Store } from "../store.ts";
import { httpStore } from "./http.ts";
import { escapeKey, objectKey } from "./object_key.ts";
import { s3Signed } from "./s3_sign.ts";
import type { OriginSettings } from "../settings.ts";

/**
 * The bucket that is the host of `gs://bucket/key` URLs: anonymous, with a bearer token, or with the
 * HMAC keys of an interoperable account.
 */
export function gcsStore(bucket: string, settings: OriginSettings, send: Send): Store {
  const endpoint = (settings.endpoint ?? "https://storage.googleapis.com").replace(/\/$/, "");
  const base = `${endpoint}/${encodeURIComponent(bucket)}/`;
  const added = credentialHeaders(settings);
  if (typeof settings.requesterPays === "string") {
    added["x-goog-user-project"] = settings.requesterPays;
  }
  const signed = s3Signed(send, settings, () => settings.region ?? "auto");
  const sendToBucket: Send = (request) =>
    signed({ ...request, url: base + request.url, headers: { ...request.headers, ...added } });
  return {
    ...httpStore(confirmingAbsence(sendToBucket), (url) => escapeKey(objectKey(url))),
    list: ({ url }, options) => listBucket(sendToBucket, url, options),
  };
}
