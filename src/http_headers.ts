/** The headers that every response carries, whatever its status: without CORS a browser sees a failure and fills. */

const EVERY: ReadonlyArray<readonly [string, string]> = [
  ["access-control-allow-origin", "*"],
  [
    "access-control-expose-headers",
    "Content-Range, Content-Length, ETag, Accept-Ranges, Retry-After, Server-Timing",
  ],
  ["timing-allow-origin", "*"],
  ["cross-origin-resource-policy", "cross-origin"],
  ["x-content-type-options", "nosniff"],
];

/** New headers: those of every response and the given ones. */
export function withEvery(headers: ReadonlyArray<readonly [string, string]>): Headers {
  return new Headers([...EVERY, ...headers] as [string, string][]);
}

/** The answer to a CORS preflight. */
export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: withEvery([
      ["access-control-allow-methods", "GET, HEAD, OPTIONS"],
      [
        "access-control-allow-headers",
        "Range, If-None-Match, If-Match, If-Range, traceparent, Authorization, Cache-Control",
      ],
      ["access-control-max-age", "86400"],
      ["allow", "GET, HEAD, OPTIONS"],
    ]),
  });
}
