/** Keys of object stores in HTTP paths. */

/** The key that an object store's URL names (its decoded path, without the first slash). */
export function objectKey(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1));
}

/** `key` as a URL path without its first slash: everything escaped but unreserved characters and `/`. */
export function escapeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");
}
