/** Deno's `fetch` where a connection that was kept from earlier requests will not do. */

/**
 * Makes a `fetch` with a connection for each request, closed behind the answer. A host that lost its
 * power, or a router on the way, no longer knows the connections that are kept to it; each of them,
 * and there are as many as reads were under way, would fail a try.
 */
export function connectingFetch(): typeof fetch {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  return (input, init) => fetch(input, { ...init, client });
}
