/** Faults as a person at the command line reads them: the thing, the cause and the remedy, in one line. */

import type { SluiceError } from "../errors.ts";

/** `error` in one line, with what clients are never told: places, statuses and causes. */
export function explain(error: SluiceError): string {
  return explained(error).replace(/\s+/g, " ").trim();
}

/** True if the origin says that there is nothing at the URL of the fault. */
export function isAbsence({ context }: SluiceError): boolean {
  return context.originStatus === 404 || context.originStatus === 410;
}

function explained(error: SluiceError): string {
  const { url, originStatus, allowWith, near, found } = error.context;
  if (url === undefined) return withCauses(error, near && `near ${JSON.stringify(near)}`);
  const place = placeOf(url);
  const isFile = url.startsWith("file:");
  if (isAbsence(error)) {
    if (url.endsWith("/")) return `There is no index in ${place}`;
    return isFile
      ? `There is no file ${place}`
      : `${place} answered ${originStatus}: there is nothing at that URL`;
  }
  if (isFile && originStatus === 403) return `Cannot read ${place}: ${innermost(error)}`;
  if (originStatus === 401 || originStatus === 403) {
    return `${place} answered ${originStatus}: it wants other credentials. ${credentials(url)}`;
  }
  if (error.code === "origin-unavailable" && error.cause instanceof Error) {
    return `${place} cannot be reached: ${unreachable(error, url)}`;
  }
  if (error.code === "origin-not-allowed" && typeof allowWith === "string") {
    return `A reference leads to ${place}; allow it with --origin ${allowWith}`;
  }
  if (typeof found === "string") return `${place}: ${found}`;
  const status = originStatus !== undefined && `it answered ${originStatus}`;
  return withCauses(error, place, status, near && `near ${JSON.stringify(near)}`);
}

/** The fault's own words, and beside them what else is known. */
function withCauses(error: SluiceError, ...known: unknown[]): string {
  const cause = error.cause instanceof Error && innermost(error);
  const beside = [...known, cause].filter((part) => part);
  return beside.length === 0 ? error.message : `${error.message} (${beside.join("; ")})`;
}

/** A path, or a URL without what is secret in it. */
export function placeOf(href: string): string {
  if (!URL.canParse(href)) return href;
  const url = new URL(href);
  if (url.protocol === "file:") return decodeURIComponent(url.pathname);
  url.username =
    url.password =
    url.search =
    url.hash =
      "";
  return url.href;
}

function credentials(href: string): string {
  const { protocol, host } = new URL(href);
  const settings = /^(?:s3a?|gs|gcs):$/.test(protocol)
    ? `"accessKeyId": "$KEY", "secretAccessKey": "$SECRET"`
    : /^(?:az|abfss?):$/.test(protocol)
    ? `"sas": "$SAS"`
    : `"bearer": "$TOKEN"`;
  return `Give them in a catalog: "origins": {"${protocol}//${host}/": {${settings}}}`;
}

function unreachable(error: SluiceError, href: string): string {
  const said = innermost(error);
  const { hostname, port, protocol } = new URL(href);
  if (/dns error|lookup address|getaddrinfo/i.test(said)) {
    return `there is no host "${hostname}" (DNS); check the name`;
  }
  if (/refused/i.test(said)) {
    return `nothing listens on port ${port || (protocol === "https:" ? 443 : 80)} of ${hostname}`;
  }
  return said;
}

function innermost(error: Error): string {
  let deepest = error;
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  // the runtime's own message repeats the URL, with its query
  return deepest.message.replace(/^error sending request for url \([^)]*\): /, "");
}
