/** Cookies of a login, each for the one host that set it. Source: RFC 6265, less what logins need not. */

/** Cookies that one host may set. */
const MAX_COOKIES = 32;
/** Characters of one cookie, name and value. */
const MAX_LENGTH = 8192;

interface Cookie {
  readonly value: string;
  readonly path: string;
  readonly secure: boolean;
}

/** Cookies by host. A `Domain` attribute is not honoured: no cookie goes to another host. */
export class CookieJar {
  readonly #byHost = new Map<string, Map<string, Cookie>>();
  /** Counts the cookies that were new or different. */
  changes = 0;

  /** The `Cookie` header of a request for `url`; undefined if there are no cookies for it. */
  header(url: URL): string | undefined {
    const pairs = [...this.#byHost.get(url.host) ?? []]
      .filter(([, { path, secure }]) =>
        (!secure || url.protocol === "https:") && inPath(url.pathname, path)
      )
      .map(([name, { value }]) => `${name}=${value}`);
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }

  store(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const equals = pair.indexOf("=");
      if (equals < 1 || pair.length > MAX_LENGTH) continue;
      const attribute = (name: string) =>
        attributes.find((a) => a.toLowerCase().split("=")[0] === name)?.split("=").slice(1).join(
          "=",
        );
      const cookies = this.#byHost.get(url.host) ?? new Map<string, Cookie>();
      this.#byHost.set(url.host, cookies);
      const name = pair.slice(0, equals);
      const value = pair.slice(equals + 1);
      const expires = Date.parse(attribute("expires") ?? "");
      const over = Number(attribute("max-age") ?? 1) <= 0 || expires < Date.now();
      if (cookies.get(name)?.value !== value) this.changes++;
      cookies.delete(name);
      if (over) continue;
      const path = attribute("path");
      cookies.set(name, {
        value,
        path: path?.startsWith("/") ? path : "/",
        secure: attribute("secure") !== undefined,
      });
      if (cookies.size > MAX_COOKIES) cookies.delete(cookies.keys().next().value!);
    }
  }
}

function inPath(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
}
