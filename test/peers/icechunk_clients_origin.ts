/**
 * The HTTP origin of the Icechunk client tests: a folder's files by name, with what a static server
 * knows of their state, and a record of what was asked. Nothing can be listed.
 */

import { requestedRange } from "../../src/byte_range.ts";

/** One request as the origin saw it. */
export interface Seen {
  /** Decoded, without the first slash. */
  readonly path: string;
  /** True if it had If-None-Match or If-Modified-Since. */
  readonly conditional: boolean;
  readonly status: number;
}

/** A running origin; `url` ends in a slash. */
export interface RecordedOrigin {
  readonly url: string;
  /** Everything that was asked since the last call. */
  seen(): Seen[];
  /** Holds answers for paths that match back: tells when the first is asked for, until it is released. */
  hold(pattern: RegExp): { readonly reached: Promise<void>; release(): void };
  close(): Promise<void>;
}

interface Held {
  readonly pattern: RegExp;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** A file's state as the origin tells it; the modification time in milliseconds, whole seconds. */
export async function fileState(path: string): Promise<{ etag: string; modified: number }> {
  const { size, mtime, ino } = await Deno.stat(path);
  const time = mtime!.getTime();
  return { etag: `"${size}-${time}-${ino}"`, modified: Math.floor(time / 1000) * 1000 };
}

/** Serves the files below `folder`, an absolute path. */
export function serveRecorded(folder: string): RecordedOrigin {
  let seen: Seen[] = [];
  let held: Held | undefined;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
    const conditional = request.headers.has("if-none-match") ||
      request.headers.has("if-modified-since");
    const response = await answer(`${folder}/${path}`, request);
    seen.push({ path, conditional, status: response.status });
    if (held?.pattern.test(path)) {
      held.reached.resolve();
      await held.released.promise;
    }
    return response;
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    seen() {
      const before = seen;
      seen = [];
      return before;
    },
    hold(pattern) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      held = { pattern, reached, released };
      return {
        reached: reached.promise,
        release() {
          held = undefined;
          released.resolve();
        },
      };
    },
    close: () => server.shutdown(),
  };
}

async function answer(path: string, { method, headers: asked }: Request): Promise<Response> {
  // The state is of the very bytes that are sent: a file may be replaced at any time.
  let file: { bytes: Uint8Array<ArrayBuffer>; etag: string; modified: number };
  try {
    file = await readStable(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory)) {
      throw error;
    }
    return new Response("no such file", { status: 404 });
  }
  const { bytes, etag, modified } = file;
  const headers: Record<string, string> = {
    etag,
    "last-modified": new Date(modified).toUTCString(),
    "accept-ranges": "bytes",
  };
  const match = asked.get("if-match");
  const unmodified = asked.get("if-unmodified-since");
  if (
    match !== null ? match !== etag : unmodified !== null && Date.parse(unmodified) < modified
  ) return new Response(null, { status: 412, headers });
  if (asked.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  const range = requestedRange(asked.get("range"), bytes.length);
  if (range === "unsatisfiable") {
    headers["content-range"] = `bytes */${bytes.length}`;
    return new Response(null, { status: 416, headers });
  }
  const { offset, length } = range ?? { offset: 0, length: bytes.length };
  if (range) {
    headers["content-range"] = `bytes ${offset}-${offset + length - 1}/${bytes.length}`;
  }
  headers["content-length"] = `${length}`;
  return new Response(method === "HEAD" ? null : bytes.subarray(offset, offset + length), {
    status: range ? 206 : 200,
    headers,
  });
}

/** A file's bytes and state, of one and the same moment. */
async function readStable(path: string) {
  for (;;) {
    const before = await fileState(path);
    const bytes = await Deno.readFile(path);
    const { etag } = await fileState(path);
    if (etag === before.etag) return { bytes, ...before };
  }
}
