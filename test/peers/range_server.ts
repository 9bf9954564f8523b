/** A plain file server with byte ranges on loopback: the HTTP origin of the client tests. */

import { requestedRange } from "../../src/byte_range.ts";

/** A running server; `url` ends in a slash. */
export interface RangeServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the files below `folder`, an absolute path. A path ending in `/` is no file: 404. */
export function serveFiles(folder: string): RangeServer {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = folder + decodeURIComponent(new URL(request.url).pathname);
    const info = await Deno.stat(path).catch(() => undefined);
    if (!info?.isFile) return new Response("no such file", { status: 404 });
    const range = requestedRange(request.headers.get("range"), info.size);
    const headers = { "accept-ranges": "bytes", etag: `"${info.size}-${info.mtime?.getTime()}"` };
    if (range === "unsatisfiable") {
      return new Response(null, {
        status: 416,
        headers: { ...headers, "content-range": `bytes */${info.size}` },
      });
    }
    const bytes = await Deno.readFile(path);
    if (request.method === "HEAD") {
      return new Response(null, { headers: { ...headers, "content-length": `${info.size}` } });
    }
    if (!range) return new Response(bytes, { headers });
    const { offset, length } = range;
    return new Response(bytes.subarray(offset, offset + length), {
      status: 206,
      headers: {
        ...headers,
        "content-range": `bytes ${offset}-${offset + length - 1}/${info.size}`,
      },
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    close: () => server.shutdown(),
  };
}
