/** Where a bucket's objects are over HTTP. Source: Amazon S3 User Guide, "Virtual hosting of buckets". */

import { OriginError } from "../../errors.ts";
import type { OriginSettings } from "../settings.ts";

/** Bucket names that make one label of a host name, so that a wildcard certificate covers them. */
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])$/;

/** The base URL (ending in `/`) of `bucket` in `region` (undefined: the store finds it). */
export function bucketUrl(
  bucket: string,
  settings: OriginSettings,
  region: string | undefined = settings.region,
): string {
  const inPath = encodeURIComponent(bucket);
  if (settings.endpoint !== undefined) {
    const endpoint = new URL(settings.endpoint);
    if (settings.pathStyle ?? true) {
      return `${endpoint.origin}${endpoint.pathname.replace(/\/$/, "")}/${inPath}/`;
    }
    return `${endpoint.protocol}//${bucket}.${endpoint.host}${endpoint.pathname}`;
  }
  if (region !== undefined && !/^[a-z0-9-]+$/.test(region)) {
    throw new OriginError("origin-not-allowed", `Cannot use "${region}" as an S3 region`);
  }
  const domain = region?.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const host = region === undefined ? `s3.${domain}` : `s3.${region}.${domain}`;
  return HOST_LABEL.test(bucket) && !settings.pathStyle
    ? `https://${bucket}.${host}/`
    : `https://${host}/${inPath}/`;
}
