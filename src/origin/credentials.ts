/** Who we are to a host, as headers of a request: never part of a URL. */

import type { OriginRequest, Send } from "./send.ts";
import type { OriginSettings } from "./settings.ts";

/** Adds credentials to a request; the one place where they meet it. */
export type Sign = (request: OriginRequest) => OriginRequest | Promise<OriginRequest>;

/** The fixed headers that `settings` ask for: bearer token, basic credentials, headers. */
export function credentialHeaders(settings: OriginSettings): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings.headers ?? {})) {
    headers[name.toLowerCase()] = value;
  }
  if (settings.anonymous) return headers;
  if (settings.bearer !== undefined) headers.authorization = `Bearer ${settings.bearer}`;
  else if (settings.basic !== undefined) {
    const { user, password } = settings.basic;
    const bytes = new TextEncoder().encode(`${user}:${password}`);
    headers.authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  }
  return headers;
}

/** A {@link Sign} that adds {@link credentialHeaders}; undefined if there are none. */
export function headerSign(settings: OriginSettings | undefined): Sign | undefined {
  const added = credentialHeaders(settings ?? {});
  if (Object.keys(added).length === 0) return undefined;
  return (request) => ({ ...request, headers: { ...request.headers, ...added } });
}

export function signed(send: Send, sign: Sign | undefined): Send {
  return sign === undefined ? send : async (request) => await send(await sign(request));
}

/** The texts in `settings` that nobody may read: for the log, which leaves them out. */
export function secretsOf(settings: Readonly<Record<string, OriginSettings>>): string[] {
  return Object.values(settings).flatMap((own) => [
    own.secretAccessKey,
    own.sessionToken,
    own.bearer,
    own.sas?.replace(/^\?/, ""),
    own.basic?.password,
    ...Object.values(credentialHeaders(own)),
  ]).filter((text) => text !== undefined);
}
