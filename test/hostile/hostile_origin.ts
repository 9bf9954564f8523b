/** An origin on loopback that serves what attacks are made of, and counts what it is asked. */

/** Answers a request itself. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** A running one. */
export class HostileOrigin implements AsyncDisposable {
  readonly #files = new Map<string, Uint8Array<ArrayBuffer> | Handler>();
  readonly #asked = new Map<string, number>();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, onError: () => new Response(null) },
    (request) => this.#answer(request),
  );

  /** `http://127.0.0.1:PORT/`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Serves `content` at a path. */
  put(path: string, content: Uint8Array | string | Handler): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#files.set(path, bytes as Uint8Array<ArrayBuffer> | Handler);
  }

  /** There is nothing at a path any more. */
  remove(path: string): void {
    this.#files.delete(path);
  }

  /** Requests so far of paths that start with `prefix`. */
  asked(prefix: string): number {
    let sum = 0;
    for (const [path, count] of this.#asked) if (path.startsWith(prefix)) sum += count;
    return sum;
  }

  #answer(request: Request): Response | Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname);
    this.#asked.set(path, (this.#asked.get(path) ?? 0) + 1);
    const content = this.#files.get(path);
    if (content === undefined) return absent("NoSuchKey", request.method);
    if (typeof content === "function") return content(request);
    return bytesOf(request, content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** As S3 says that there is no such key, or what else is missing. */
export function absent(code: string, method: string): Response {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
  return new Response(method === "HEAD" ? null : xml, {
    status: 404,
    headers: { "x-amz-request-id": "1", "content-type": "application/xml" },
  });
}

/** The file, or the range of it that is asked for. */
export function bytesOf(request: Request, file: Uint8Array<ArrayBuffer>): Response {
  const etag = `"${file.length}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  if (!range) return new Response(file, { headers: { etag } });
  const first = Number(range[1]);
  const last = Math.min(range[2] === "" ? Infinity : Number(range[2]), file.length - 1);
  if (first > last) {
    return new Response(null, {
      status: 416,
      headers: { "content-range": `bytes */${file.length}` },
    });
  }
  return new Response(file.subarray(first, last + 1), {
    status: 206,
    headers: { etag, "content-range": `bytes ${first}-${last}/${file.length}` },
  });
}
