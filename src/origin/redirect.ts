/** Redirects to hosts that were opted in, as login services need them. Never followed otherwise. */

import { OriginError } from "../errors.ts";
import { isPrivateHost } from "./address.ts";
import { PrefixSet } from "./allow_list.ts";
import { CookieJar } from "./cookie_jar.ts";
import type { Sign } from "./credentials.ts";
import { discard, type OriginRequest, type Send } from "./send.ts";

const MAX_HOPS = 3;

/** Where redirects may lead, and who we are there. */
export interface RedirectRules {
  /** See `OriginSettings.redirects`. The host that was asked first is always one of them. */
  readonly places: readonly string[];
  readonly allow: PrefixSet;
  /** The credentials that belong to a URL; nothing else is ever sent to it. */
  readonly signOf: (url: URL) => Sign | undefined;
}

/**
 * `send`, following up to 3 redirects to the hosts of `rules`. Every hop is checked and signed anew: it
 * gets the credentials and the cookies of its own host, and no others. A login that takes all hops
 * is followed by one more try with the cookies it gave.
 */
export function followRedirects(send: Send, rules: RedirectRules): Send {
  const jar = new CookieJar();

  async function hop(request: OriginRequest, url: URL): Promise<Response> {
    const cookie = jar.header(url);
    const own = {
      ...request,
      url: url.href,
      headers: cookie ? { ...request.headers, cookie } : request.headers,
    };
    const response = await send(await (rules.signOf(url) ?? ((r: OriginRequest) => r))(own));
    jar.store(url, response.headers);
    return response;
  }

  /** The first answer that is no redirect; undefined if there are too many. */
  async function follow(request: OriginRequest): Promise<Response | undefined> {
    const start = new URL(request.url);
    let url = start;
    for (let hops = 0;; hops++) {
      const response = await hop(request, url);
      if (!isRedirect(response.status)) return response;
      await discard(response);
      if (hops === MAX_HOPS) return undefined;
      url = nextHop(response, url, start, rules);
    }
  }

  return async (request) => {
    const cookies = jar.changes;
    const response = await follow(request) ??
      (jar.changes > cookies ? await follow(request) : undefined);
    if (response) return response;
    throw redirectFault("The origin redirects too often", new URL(request.url));
  };
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function nextHop(
  response: Response,
  from: URL,
  start: URL,
  { places, allow }: RedirectRules,
): URL {
  const location = response.headers.get("location") ?? "";
  if (!URL.canParse(location, from)) throw redirectFault("The origin redirects to no URL", from);
  const to = new URL(location, from);
  const web = to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:");
  if (!web) throw redirectFault("The origin redirects to a less secure scheme", to);
  if (to.username !== "" || to.password !== "") {
    throw redirectFault("The origin redirects to a URL with a user", to);
  }
  if (places.some((place) => place.includes("/") && namesPath(place, to))) return to;
  if (to.host !== start.host && !places.some((place) => namesHost(place, to))) {
    throw redirectFault("The origin redirects to a host that is not allowed", to);
  }
  if (!isWithin(allow, to, to.host === start.host)) {
    throw redirectFault("The origin redirects out of the prefixes that the dataset may read", to);
  }
  return to;
}

/** True if `place` is `host/path` and `to` is there; with a slash at its end, or below there. */
function namesPath(place: string, to: URL): boolean {
  const named = `${to.protocol}//${place}`;
  if (!URL.canParse(named)) return false;
  const { origin, pathname } = new URL(named);
  if (origin !== to.origin) return false;
  return new PrefixSet([`${origin}${pathname}`]).has(new URL(`${origin}${to.pathname}`));
}

function namesHost(place: string, to: URL): boolean {
  if (place.startsWith("*.")) {
    // a wildcard may not reach what only an exact name may
    return !isPrivateHost(to.hostname) && to.port === "" &&
      to.hostname.endsWith(place.slice(1).toLowerCase());
  }
  const named = `${to.protocol}//${place}/`;
  return URL.canParse(named) && new URL(named).host === to.host;
}

/** True if `to` is below a prefix, or on a host without any where none is `demanded`. */
function isWithin(allow: PrefixSet, to: URL, demanded: boolean): boolean {
  try {
    if (allow.has(to)) return true;
    // from http to https on the same host is no other place
    const plain = new URL(to);
    plain.protocol = "http:";
    if (to.protocol === "https:" && allow.has(plain)) return true;
    return !demanded && !allow.hasHostOf(to) && !allow.hasHostOf(plain);
  } catch (fault) {
    if (fault instanceof OriginError) return false;
    throw fault;
  }
}

function redirectFault(detail: string, url: URL): OriginError {
  return new OriginError("origin-redirect", detail, { url: url.href.split("?", 1)[0] });
}
