/**
 * A range server that misbehaves on request: every row of HTTP.md's fault table, by path.
 *
 * ```ts
 * await using origin = await startOrigin({ files: { "/a.nc": bytes } });
 * origin.fault("/a.nc", { kind: "short" }, { times: 1 });
 * ```
 *
 * It speaks HTTP/1.1 over plain TCP, so that it can also break HTTP itself.
 */

/** What goes wrong. Faults of a body concern answers that have one. */
export type Fault =
  /** The connection ends before any answer. */
  | { readonly kind: "reset" }
  /** Something that is not HTTP. */
  | { readonly kind: "garbage" }
  /** No answer, ever. */
  | { readonly kind: "stall" }
  /** Headers and half of the body, then nothing. */
  | { readonly kind: "stall-body" }
  /** Headers and half of the body, then the connection ends. */
  | { readonly kind: "short" }
  /** No Content-Length; half of the body in chunked encoding, ended cleanly. */
  | { readonly kind: "short-chunked" }
  /** No Content-Length; the whole body in chunked encoding. */
  | { readonly kind: "chunked" }
  /** No Content-Length, and a body in chunked encoding that goes on and on behind its last byte. */
  | { readonly kind: "endless" }
  /** No Content-Length; a byte every few milliseconds in chunked encoding, for ever. */
  | { readonly kind: "endless-drip"; readonly everyMs: number }
  /** A byte every few milliseconds, for ever if the body is long. */
  | { readonly kind: "drip"; readonly everyMs: number }
  /** The right answer, late. */
  | { readonly kind: "late"; readonly byMs: number }
  /** 200 and the whole object, whatever range was asked. */
  | { readonly kind: "ignore-range" }
  /** A range moved by `by` bytes, bytes and Content-Range alike. */
  | { readonly kind: "other-range"; readonly by: number }
  | { readonly kind: "no-content-range" }
  | { readonly kind: "bad-content-range"; readonly value: string }
  /** 206 whose range, and body, lack the last byte. */
  | { readonly kind: "shorter-range" }
  /** A right Content-Range over a body (and Content-Length) that is `by` bytes longer or shorter. */
  | { readonly kind: "other-length"; readonly by: number }
  | { readonly kind: "content-encoding"; readonly value: string }
  /** The body through gzip, and said so. */
  | { readonly kind: "gzip" }
  | {
    readonly kind: "status";
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  }
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** Another ETag than before, and If-Match ignored. */
  | { readonly kind: "changed-tag"; readonly etag: string }
  /** 206 to a request without a Range. */
  | { readonly kind: "unasked-part" };

/** One request as it came. */
export interface Recorded {
  readonly method: string;
  /** With its query, as it was sent. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  /** What was answered; 0 if nothing. */
  status: number;
  /** Bytes of the body that were written. */
  bytesSent: number;
  /** True once the client closed the connection before the answer was complete. */
  cancelled: boolean;
}

/** How the server is set up. */
export interface OriginServerOptions {
  /** Path with a leading slash → bytes. */
  readonly files?: Record<string, Uint8Array>;
  /** A folder to serve in addition; its listings are not served. */
  readonly root?: string;
  readonly port?: number;
  /** False: answers have neither ETag nor Last-Modified. */
  readonly validators?: boolean;
  /** Milliseconds before every answer. */
  readonly latencyMs?: number;
  /** Answers a request itself, or leaves it to the files. Runs before faults. */
  readonly answer?: (request: Recorded) => Answer | undefined;
}

/** An answer of a script. */
export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

const DATE = "Sat, 01 Feb 2025 00:00:00 GMT";

/** The entity tag under which {@link startOrigin} serves `bytes`. */
export function etagOf(bytes: Uint8Array): string {
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return `"${bytes.length.toString(16)}-${hash.toString(16)}"`;
}

interface Script {
  readonly fault: Fault;
  left: number;
}

/** A running server. */
export class OriginServer implements AsyncDisposable {
  /** Every request, in order of arrival. */
  readonly requests: Recorded[] = [];
  /** May be changed at any time. */
  readonly files: Map<string, Uint8Array>;
  #faults = new Map<string, Script[]>();
  #connections = new Set<Deno.TcpConn>();
  #serving = new Set<Promise<void>>();
  #listener: Deno.TcpListener | undefined;
  #stopped = new AbortController();
  #tags = new WeakMap<Uint8Array, string>();

  constructor(private readonly options: OriginServerOptions, readonly port: number) {
    this.files = new Map(Object.entries(options.files ?? {}));
  }

  /** `http://127.0.0.1:PORT/`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Bytes of all bodies so far. */
  get bytesSent(): number {
    return this.requests.reduce((sum, request) => sum + request.bytesSent, 0);
  }

  /**
   * Makes the next `times` (all, unless given) requests for `path`, or for all paths (`"*"`), go wrong.
   * Faults of one path are used up in the order in which they were set.
   */
  fault(path: string, fault: Fault, { times = Infinity } = {}): void {
    const scripts = this.#faults.get(path) ?? [];
    scripts.push({ fault, left: times });
    this.#faults.set(path, scripts);
  }

  /** Forgets all faults, or those of one path. */
  heal(path?: string): void {
    if (path === undefined) this.#faults.clear();
    else this.#faults.delete(path);
  }

  /** Stops listening and closes every connection; {@link start} brings it back on the same port. */
  async stop(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    this.#stopped.abort();
    for (const connection of [...this.#connections]) close(connection);
    await Promise.allSettled([...this.#serving]);
  }

  /** Listens again after {@link stop}. */
  start(listener = Deno.listen({ hostname: "127.0.0.1", port: this.port })): void {
    this.#listener = listener;
    this.#stopped = new AbortController();
    this.#track(this.#accept(listener));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #track(serving: Promise<void>): void {
    const tracked: Promise<void> = serving.finally(() => this.#serving.delete(tracked));
    this.#serving.add(tracked);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    try {
      for await (const connection of listener) {
        connection.setNoDelay(true);
        this.#connections.add(connection);
        this.#track(this.#serve(connection));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    try {
      let rest: Uint8Array = new Uint8Array(0);
      for (;;) {
        const read = await readHead(connection, rest);
        if (read === undefined) return;
        rest = read.rest;
        this.requests.push(read.request);
        if (!await this.#answer(connection, read.request)) return;
      }
    } catch (error) {
      // the client has gone, which is what some tests are about
      if (!isGone(error)) throw error;
    } finally {
      this.#connections.delete(connection);
      close(connection);
    }
  }

  #next(path: string): Fault | undefined {
    for (const key of [path, "*"]) {
      const script = this.#faults.get(key)?.find((s) => s.left > 0);
      if (script === undefined) continue;
      script.left--;
      return script.fault;
    }
    return undefined;
  }

  async #content(path: string): Promise<Uint8Array | undefined> {
    const own = this.files.get(path) ?? this.files.get(decodeURIComponent(path));
    if (own !== undefined || this.options.root === undefined) return own;
    const file = `${this.options.root}${decodeURIComponent(path)}`;
    try {
      const bytes = await Deno.readFile(file);
      this.files.set(path, bytes);
      return bytes;
    } catch {
      return undefined;
    }
  }

  #etag(bytes: Uint8Array): string {
    let tag = this.#tags.get(bytes);
    if (tag === undefined) this.#tags.set(bytes, tag = etagOf(bytes));
    return tag;
  }

  /** Writes one answer; false if the connection must end. */
  async #answer(connection: Deno.TcpConn, request: Recorded): Promise<boolean> {
    const write = new Writer(connection, request);
    const scripted = this.options.answer?.(request);
    if (this.options.latencyMs) await this.#pause(this.options.latencyMs);
    if (scripted) {
      return await write.answer(
        scripted.status,
        scripted.headers ?? {},
        typeof scripted.body === "string"
          ? new TextEncoder().encode(scripted.body)
          : scripted.body ?? new Uint8Array(0),
      );
    }
    const path = request.path.split("?")[0];
    const fault = this.#next(path);
    switch (fault?.kind) {
      case "reset":
        return false;
      case "garbage":
        await writeAll(connection, new TextEncoder().encode("220 not the web\r\n\r\n"));
        return false;
      case "stall":
        await this.#untilGone(connection, request);
        return false;
      case "late":
        await this.#pause(fault.byMs);
        break;
      case "status":
        return await write.answer(
          fault.status,
          fault.headers ?? {},
          new TextEncoder().encode(fault.body ?? "no"),
        );
      case "redirect":
        return await write.answer(
          fault.status ?? 302,
          { location: fault.location },
          new Uint8Array(0),
        );
    }
    const content = await this.#content(path);
    if (content === undefined) {
      return await write.answer(404, {}, new TextEncoder().encode("no such file"));
    }
    const etag = fault?.kind === "changed-tag" ? fault.etag : this.#etag(content);
    const headers: Record<string, string> = this.options.validators === false
      ? {}
      : { etag, "last-modified": DATE };
    const asked = request.headers;
    const ifMatch = asked["if-match"];
    if (fault?.kind !== "changed-tag" && this.options.validators !== false) {
      if (ifMatch && ifMatch !== "*" && ifMatch !== etag) {
        return await write.answer(412, headers, new Uint8Array(0));
      }
      const since = asked["if-unmodified-since"];
      if (since && Date.parse(since) < Date.parse(DATE)) {
        return await write.answer(412, headers, new Uint8Array(0));
      }
      const noneMatch = asked["if-none-match"];
      const modifiedSince = asked["if-modified-since"];
      if (
        noneMatch?.split(/,\s*/).includes(etag) ||
        (!noneMatch && modifiedSince && Date.parse(modifiedSince) >= Date.parse(DATE))
      ) {
        return await write.answer(304, headers);
      }
    }
    return await this.#give(write, request, content, headers, fault);
  }

  async #give(
    write: Writer,
    request: Recorded,
    content: Uint8Array,
    headers: Record<string, string>,
    fault: Fault | undefined,
  ): Promise<boolean> {
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (fault?.kind === "gzip" || fault?.kind === "content-encoding") {
      headers["content-encoding"] = fault.kind === "gzip" ? "gzip" : fault.value;
    }
    if (!match && fault?.kind === "unasked-part") {
      headers["content-range"] = `bytes 0-${content.length - 1}/${content.length}`;
      return await write.answer(206, headers, content);
    }
    if (!match || fault?.kind === "ignore-range") {
      return await this.#body(write, request, 200, headers, content, fault);
    }
    let first = Number(match[1]);
    let last = match[2] === "" ? content.length - 1 : Number(match[2]);
    if (fault?.kind === "other-range") [first, last] = [first + fault.by, last + fault.by];
    if (fault?.kind === "shorter-range") last--;
    last = Math.min(last, content.length - 1);
    if (first >= content.length) {
      headers["content-range"] = `bytes */${content.length}`;
      return await write.answer(416, headers, new Uint8Array(0));
    }
    if (fault?.kind !== "no-content-range") {
      headers["content-range"] = fault?.kind === "bad-content-range"
        ? fault.value
        : `bytes ${first}-${last}/${content.length}`;
    }
    let bytes = content.subarray(first, last + 1);
    if (fault?.kind === "other-length") {
      const other = new Uint8Array(bytes.length + fault.by);
      other.set(bytes.subarray(0, other.length));
      bytes = other;
    }
    return await this.#body(write, request, 206, headers, bytes, fault);
  }

  async #body(
    write: Writer,
    request: Recorded,
    status: number,
    headers: Record<string, string>,
    bytes: Uint8Array,
    fault: Fault | undefined,
  ): Promise<boolean> {
    const half = bytes.subarray(0, bytes.length >> 1);
    switch (request.method === "HEAD" ? undefined : fault?.kind) {
      case "gzip": {
        const zipped = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
          .pipeThrough(new CompressionStream("gzip"));
        return await write.answer(status, headers, await new Response(zipped).bytes());
      }
      case "short":
        await write.head(status, { ...headers, "content-length": String(bytes.length) });
        await write.body(half);
        return false;
      case "stall-body":
        await write.head(status, { ...headers, "content-length": String(bytes.length) });
        await write.body(half);
        await this.#untilGone(write.connection, request);
        return false;
      case "drip":
        await write.head(status, { ...headers, "content-length": String(bytes.length) });
        for (let i = 0; i < bytes.length && !this.#stopped.signal.aborted; i++) {
          await write.body(bytes.subarray(i, i + 1));
          await this.#pause((fault as { everyMs: number }).everyMs);
        }
        return false;
      case "endless":
      case "endless-drip": {
        await write.head(status, { ...headers, "transfer-encoding": "chunked" });
        const every = fault?.kind === "endless-drip" ? fault.everyMs : 0;
        if (every === 0) await write.chunk(bytes);
        const more = new Uint8Array(every === 0 ? 65_536 : 1);
        while (!this.#stopped.signal.aborted) {
          await write.chunk(more);
          if (every > 0) await this.#pause(every);
        }
        return false;
      }
      case "chunked":
      case "short-chunked":
        await write.head(status, { ...headers, "transfer-encoding": "chunked" });
        await write.chunk(fault?.kind === "chunked" ? bytes : half);
        await write.chunk(new Uint8Array(0));
        return true;
      default:
        return await write.answer(status, headers, bytes);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  /** Until the client closes its side. */
  async #untilGone(connection: Deno.TcpConn, request: Recorded): Promise<void> {
    try {
      if (await connection.read(new Uint8Array(1)) === null) request.cancelled = true;
    } catch (error) {
      if (!isGone(error)) throw error;
      request.cancelled = !this.#stopped.signal.aborted;
    }
  }
}

/** Starts a server on a free port of 127.0.0.1. */
export function startOrigin(options: OriginServerOptions = {}): Promise<OriginServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: options.port ?? 0 });
  const server = new OriginServer(options, listener.addr.port);
  server.start(listener);
  return Promise.resolve(server);
}

class Writer {
  constructor(readonly connection: Deno.TcpConn, private readonly request: Recorded) {}

  /** A whole answer; `body` undefined for statuses without one. Always true: the connection stays. */
  async answer(
    status: number,
    headers: Record<string, string>,
    body?: Uint8Array,
  ): Promise<boolean> {
    await this.head(
      status,
      body ? { ...headers, "content-length": String(body.length) } : headers,
    );
    if (body && this.request.method !== "HEAD") await this.body(body);
    return true;
  }

  async head(status: number, headers: Record<string, string>): Promise<void> {
    this.request.status = status;
    const lines = Object.entries({ "accept-ranges": "bytes", ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`);
    await writeAll(
      this.connection,
      new TextEncoder().encode(`HTTP/1.1 ${status} Scripted\r\n${lines.join("")}\r\n`),
    );
  }

  async body(bytes: Uint8Array): Promise<void> {
    let done = 0;
    try {
      while (done < bytes.length) {
        const n = await this.connection.write(bytes.subarray(done));
        done += n;
        this.request.bytesSent += n;
      }
    } catch (error) {
      this.request.cancelled = true;
      throw error;
    }
  }

  async chunk(bytes: Uint8Array): Promise<void> {
    const encoder = new TextEncoder();
    await writeAll(this.connection, encoder.encode(`${bytes.length.toString(16)}\r\n`));
    await this.body(bytes);
    await writeAll(this.connection, encoder.encode("\r\n"));
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** Reads one request's head; undefined at the end of the connection. Requests here have no body. */
async function readHead(
  connection: Deno.TcpConn,
  rest: Uint8Array,
): Promise<{ request: Recorded; rest: Uint8Array } | undefined> {
  let text = new TextDecoder("latin1").decode(rest);
  const buffer = new Uint8Array(16384);
  while (!text.includes("\r\n\r\n")) {
    const n = await connection.read(buffer);
    if (n === null) return undefined;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, n));
  }
  const end = text.indexOf("\r\n\r\n");
  const [line, ...fields] = text.slice(0, end).split("\r\n");
  const [method, path] = line.split(" ");
  const headers = Object.fromEntries(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  }));
  return {
    request: { method, path, headers, status: 0, bytesSent: 0, cancelled: false },
    rest: Uint8Array.from(text.slice(end + 4), (c) => c.charCodeAt(0)),
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.NotConnected;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
