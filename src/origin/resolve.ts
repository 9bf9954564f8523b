/** Where names lead: looked up, and every address checked, before a host is dialled. */

import { LRUCache } from "lru-cache";
import { OriginError } from "../errors.ts";
import { isLinkLocal, isPrivateHost } from "./address.ts";
import { networkFault, whileWanted } from "./ending.ts";
import type { OriginRequest, Send } from "./send.ts";

/**
 * The addresses of a name, as the platform finds them when it dials; undefined where the process may not
 * look (it has permission for single ports only, and the runtime's own refusals count then).
 */
export type Resolve = (hostname: string) => Promise<readonly string[] | undefined>;

/** Milliseconds for which what was found is taken to hold. */
const HOLDS = 5000;
const REMEMBERED = 1000;

/**
 * `send`, to no host whose name leads to a private, loopback or link-local address. A literal address,
 * and a name that can be no public one (`localhost`, a name without dots), were allowed by exactly that
 * text, and may be private; but no name leads to a link-local address, where clouds keep credentials.
 *
 * @param mayBePrivate whether the settings say that a host is in a private network
 */
export function checkedSend(
  send: Send,
  resolve: Resolve,
  mayBePrivate: (hostname: string) => boolean,
): Send {
  const checked = new LRUCache<string, number>({ max: REMEMBERED });

  async function check({ url: href, signal }: OriginRequest, place: string): Promise<void> {
    // a signed URL's query is a credential
    const url = new URL(href.split("?", 1)[0]);
    const name = url.hostname;
    if (/^[\d.]+$|^\[/.test(name)) return;
    let addresses: readonly string[] | undefined;
    try {
      addresses = await whileWanted(resolve(name), signal);
    } catch (cause) {
      throw networkFault(cause, url.href, signal);
    }
    const named = !name.includes(".") || isPrivateHost(name) || mayBePrivate(name);
    for (const address of addresses ?? []) {
      if (named ? !isLinkLocal(address) : !isPrivateHost(address)) continue;
      throw new OriginError(
        "origin-not-allowed",
        "The name of an origin leads to an address that is not public",
        { url: url.href, address, allowWith: '"privateAddresses": true in the catalog\'s origins' },
      );
    }
    checked.set(place, performance.now() + HOLDS);
  }

  return (request) => {
    const place = request.url.slice(0, request.url.indexOf("/", 8));
    if ((checked.get(place) ?? 0) > performance.now()) return send(request);
    return check(request, place).then(() => send(request));
  };
}
