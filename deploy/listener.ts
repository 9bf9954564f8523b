/**
 * HTTP/1.1 over connections that are accepted here, one by one.
 *
 * `Deno.serve` has no say over its connections: the first that finds no file descriptor left ends it,
 * idle ones stay for ever, and so do clients that send half a head or read nothing. Here each of them
 * has its time, there is a most, and where that is reached the longest idle one makes room. It answers
 * requests without a body, which is all that the gateway takes, and closes behind any other.
 */

import type { Connection } from "../handlers/app.ts";
import { headerLines } from "../src/http/headers.ts";
import { type Linked, LinkedList } from "../src/linked_list.ts";
import type { Log } from "../src/log.ts";

export type Answerer = (request: Request, connection: Connection) => Response | Promise<Response>;

/** Where to listen, and what connections are allowed. */
export interface ListenOptions {
  /** Host name or address to listen on. */
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Connections at one time. */
  readonly connections: number;
  /** Milliseconds that a head may take to come, and a client to take some of its answer. */
  readonly patienceMs: number;
  /** Where it is written that an answer broke off. */
  readonly log: Log;
}

const MAX_HEAD_BYTES = 16_384;
/** Bytes that a connection has to read into, until a head needs more. */
const FIRST_BUFFER = 2048;
/** Up to here an answer is written together with its head. */
const JOINED_BYTES = 65_536;
/** Bytes that are written at a time: more would keep those who wait for their turn behind many writers. */
const WRITTEN_BYTES = MAX_HEAD_BYTES + JOINED_BYTES;
/** Milliseconds for which a connection may wait for its next request. */
const IDLE_MS = 75_000;
/** Milliseconds between looks at the clock. */
const TICK_MS = 250;
/** Bytes that are read and dropped behind the last answer, so that the client gets to read it. */
const DRAINED_BYTES = 1 << 20;
/** Milliseconds for which a connection keeps its place between two requests, whoever waits for it. */
const KEPT_MS = 100;
/** The same before its first request, which may have come without having been read yet. */
const FRESH_MS = 500;
/** Milliseconds that a new connection waits for a place. */
const ROOM_MS = 2500;
/** Milliseconds to wait before looking for a place again, or after the system had no connection to give. */
const PAUSE_MS = 20;
/** Connections that there are at least, whatever the system says. */
const FEWEST = 16;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  206: "Partial Content",
  304: "Not Modified",
  404: "Not Found",
  503: "Service Unavailable",
};

/** Buffers of {@link JOINED_BYTES} that are kept between answers. */
const SPARE_BUFFERS = 16;
const spare: Uint8Array<ArrayBuffer>[] = [];

type Reader = ReadableStreamDefaultReader<Uint8Array>;

const OTHER_LENGTH = "An answer has another length than it says";
const LEFT = new DOMException("The client has left", "AbortError");

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class HttpListener {
  readonly #listener: Deno.TcpListener;
  /** Waiting for a request, the longest first. */
  readonly #idle = new LinkedList<Client>();
  /** Every connection, by when its time is up or not. */
  readonly #clients = new Set<Client>();
  readonly #ticking: ReturnType<typeof setInterval>;
  #stopping = false;
  /** Connections at one time. */
  #most: number;
  /** Since when there has been no place for another. */
  #fullSince: number | undefined;
  /** Resolves when the last connection has ended, after {@link shutdown}. */
  readonly finished: Promise<void>;

  /** Listens at once. @throws Deno.errors.AddrInUse, and what else the system says */
  constructor(readonly options: ListenOptions, readonly answer: Answerer) {
    const { hostname, port, connections } = options;
    this.#most = connections;
    this.#listener = Deno.listen({ hostname, port });
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.finished = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Takes no more connections; answers what has been asked. */
  shutdown(): void {
    this.#stopping = true;
    this.#listener.close();
    for (let client; (client = this.#idle.first);) client.end();
  }

  async #accept(): Promise<void> {
    const serving = new Set<Promise<void>>();
    while (!this.#stopping) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#stopping) break;
        this.#makeRoom(error);
        await new Promise((go) => setTimeout(go, PAUSE_MS));
        continue;
      }
      if (!await this.#room()) {
        refuse(conn);
        continue;
      }
      const client = new Client(conn, this.options, this.#idle, () => this.#stopping);
      this.#clients.add(client);
      const served = client.serve(this.answer).finally(() => {
        this.#clients.delete(client);
        serving.delete(served);
      });
      serving.add(served);
    }
    await Promise.all(serving);
    clearInterval(this.#ticking);
  }

  /**
   * Waits for a place for one more connection; false if there has been none for {@link ROOM_MS}. What a
   * client opens beyond the most waits unheard, in the system's queue: one that has just come and has
   * not yet said what it wants is not ended for the next.
   */
  async #room(): Promise<boolean> {
    for (const since = this.#fullSince ?? performance.now();;) {
      if (this.#clients.size < this.#most) {
        this.#fullSince = undefined;
        return true;
      }
      const now = performance.now();
      const idle = this.#idle.first;
      if (idle && now - idle.idleSince >= (idle.isFresh ? FRESH_MS : KEPT_MS)) {
        this.#fullSince = undefined;
        idle.end();
        return true;
      }
      this.#fullSince = since;
      if (now - since >= ROOM_MS || this.#stopping) return false;
      await new Promise((go) => setTimeout(go, PAUSE_MS));
    }
  }

  /**
   * The system has no file descriptor for another connection, and so none for reading from an origin
   * either: from now on there are a quarter fewer connections.
   */
  #makeRoom(error: unknown): void {
    const open = this.#clients.size;
    if (open > FEWEST) this.#most = Math.max(FEWEST, Math.floor(0.75 * open));
    this.options.log("accept-failed", { connections: open, allowed: this.#most }, error);
    for (let left = open - this.#most; left > 0; left--) this.#idle.first?.end();
  }

  #tick(): void {
    const now = performance.now();
    for (const client of this.#clients) if (client.until < now) client.end();
  }
}

/** Who is told that all connections are busy. */
async function refuse(conn: Deno.TcpConn): Promise<void> {
  try {
    await conn.write(plain(503, "Too many connections", ["retry-after: 1"]));
    conn.closeWrite();
  } catch {
    // it has left
  }
  conn.close();
}

/** A whole answer of this module's own, after which the connection ends. */
function plain(status: number, text: string, headers: string[] = []): Uint8Array {
  return encoder.encode(
    [
      `HTTP/1.1 ${status} ${REASONS[status] ?? "Error"}`,
      "content-type: text/plain; charset=utf-8",
      `content-length: ${text.length}`,
      "access-control-allow-origin: *",
      "cache-control: no-store",
      "connection: close",
      ...headers,
      "",
      text,
    ].join("\r\n"),
  );
}

/** A request's head that cannot be answered as it is. */
class BadHead extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

interface Head {
  readonly method: string;
  readonly url: string;
  readonly headers: [string, string][];
  /** False: the connection ends behind the answer. */
  readonly keep: boolean;
  /** HTTP/1.0 knows no chunks. */
  readonly chunks: boolean;
}

class Client implements Linked {
  list?: unknown = undefined;
  before?: Linked = undefined;
  behind?: Linked = undefined;
  /** When its patience ends, on the clock of `performance.now()`. */
  until = Infinity;
  /** When it last began to wait for a request, on the same clock. */
  idleSince = 0;
  /** True until its first request has come. */
  isFresh = true;
  #buffer = new Uint8Array(FIRST_BUFFER);
  #filled = 0;
  #ended = false;
  /** The read that is under way: of the next request, or of nothing because the client leaves. */
  #reading: Promise<boolean> | undefined;
  #left = false;
  #leaving: AbortController | undefined;
  #body: Reader | undefined;

  constructor(
    readonly conn: Deno.TcpConn,
    readonly options: ListenOptions,
    readonly idle: LinkedList<Client>,
    readonly stopping: () => boolean,
  ) {}

  get address(): string {
    return this.conn.remoteAddr.hostname;
  }

  /** Asked for its signal where an answer takes a while. */
  get client(): this {
    return this;
  }

  /** Aborts once the client has left. */
  get signal(): AbortSignal {
    this.#leaving ??= new AbortController();
    if (this.#left) this.#leaving.abort(LEFT);
    return this.#leaving.signal;
  }

  /** Ends the connection, whatever is under way. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.idle.delete(this);
    this.#leave();
    this.conn.close();
  }

  /** Nobody waits for what is under way. */
  #leave(): void {
    this.#left = true;
    this.#leaving?.abort(LEFT);
    this.#body?.cancel(LEFT).catch(() => {});
  }

  /** Answers requests until one side ends it. Never rejects. */
  async serve(answer: Answerer): Promise<void> {
    try {
      this.conn.setNoDelay(true);
      for (let keep = true; keep && !this.stopping();) {
        const head = await this.#head();
        if (!head) break;
        const request = new Request(head.url, { method: head.method, headers: head.headers });
        this.#leaving = undefined;
        // Read on while answering: the next request, or that the client leaves.
        this.#reading = this.#read();
        const response = await answer(request, this);
        // Without chunks and without a length it is the end that ends an answer.
        keep = head.keep && !this.stopping() &&
          (head.chunks || response.headers.has("content-length"));
        await this.#send(response, head, keep);
      }
      if (!this.#ended) await this.#drain();
    } catch (error) {
      if (error instanceof BadHead && !this.#ended) {
        await this.#write(plain(error.status, error.message)).then(() => this.#drain(), () => {});
      } else if (!this.#left) {
        this.options.log("response-aborted", {}, error);
      }
    } finally {
      this.end();
    }
  }

  /** The next head; undefined if the client ends the connection. @throws BadHead */
  async #head(): Promise<Head | undefined> {
    this.idleSince = performance.now();
    this.until = this.idleSince + (this.#filled > 0 ? this.options.patienceMs : IDLE_MS);
    this.idle.add(this);
    try {
      for (let seen = 0;;) {
        const end = endOfHead(this.#buffer, seen, this.#filled);
        if (end > 0) {
          const head = parseHead(decoder.decode(this.#buffer.subarray(0, end - 4)));
          this.#buffer.copyWithin(0, end, this.#filled);
          this.#filled -= end;
          this.isFresh = false;
          return head;
        }
        seen = Math.max(0, this.#filled - 3);
        if (this.#filled >= MAX_HEAD_BYTES) {
          const line = this.#buffer.subarray(0, this.#filled).indexOf(10);
          throw line < 0
            ? new BadHead(414, "The URL is too long")
            : new BadHead(431, "The headers are too long");
        }
        const first = this.#filled === 0;
        const reading = this.#reading ?? this.#read();
        this.#reading = undefined;
        if (!await reading) return undefined;
        // From its first byte on a head has its time, however its bytes drip.
        if (first) this.until = performance.now() + this.options.patienceMs;
      }
    } finally {
      this.idle.delete(this);
      this.until = Infinity;
    }
  }

  /** Reads some more; false at the end, which the answer under way is told. */
  async #read(): Promise<boolean> {
    if (this.#filled === this.#buffer.length) {
      if (this.#filled >= MAX_HEAD_BYTES) return true;
      const larger = new Uint8Array(Math.min(MAX_HEAD_BYTES, 4 * this.#filled));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    let count: number | null = null;
    try {
      count = await this.conn.read(this.#buffer.subarray(this.#filled));
    } catch {
      // reset, or ended by us
    }
    if (count === null) {
      this.#leave();
      return false;
    }
    this.#filled += count;
    return true;
  }

  async #send(response: Response, head: Head, keep: boolean): Promise<void> {
    const { status } = response;
    const empty = head.method === "HEAD" || status === 304 || status === 204;
    let text = `HTTP/1.1 ${status} ${REASONS[status] ?? "Status"}\r\ndate: ${httpDate()}\r\n`;
    text += headerLines(response);
    if (!keep) text += "connection: close\r\n";
    else if (!head.chunks) text += "connection: keep-alive\r\n";
    const declared = response.headers.get("content-length");
    const { body } = response;
    if (empty || !body) {
      if (body) await body.cancel();
      if (!empty && declared === null) text += "content-length: 0\r\n";
      return await this.#write(encoder.encode(`${text}\r\n`));
    }
    const reader = this.#body = body.getReader();
    try {
      const length = declared === null ? undefined : Number(declared);
      if (length !== undefined && length <= JOINED_BYTES) {
        await this.#sendJoined(`${text}\r\n`, reader, length);
      } else {
        await this.#sendStream(text, reader, length, head.chunks);
      }
    } catch (error) {
      reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      this.#body = undefined;
    }
  }

  /** An answer in one write, from a buffer that is used again: new ones keep the collector busy. */
  async #sendJoined(head: string, reader: Reader, length: number): Promise<void> {
    const buffer = spare.pop() ?? new Uint8Array(MAX_HEAD_BYTES + JOINED_BYTES);
    const { read, written } = encoder.encodeInto(head, buffer);
    if (read < head.length) throw new RangeError("The headers of an answer are too long");
    let filled = written;
    try {
      for (let bytes; (bytes = (await reader.read()).value);) {
        if (filled + bytes.length > written + length) throw new RangeError(OTHER_LENGTH);
        buffer.set(bytes, filled);
        filled += bytes.length;
      }
      if (filled !== written + length) throw new RangeError(OTHER_LENGTH);
    } catch (error) {
      // Without its head a broken answer looks like none, and clients silently ask again.
      if (!this.#left) await this.#write(buffer.subarray(0, written));
      throw error;
    }
    if (this.#left) throw LEFT;
    await this.#write(buffer.subarray(0, filled));
    if (spare.length < SPARE_BUFFERS) spare.push(buffer);
  }

  /** An answer as it comes; without a length it is sent in chunks, or until the connection ends. */
  async #sendStream(
    text: string,
    reader: Reader,
    length: number | undefined,
    chunks: boolean,
  ): Promise<void> {
    const chunked = length === undefined && chunks;
    const coding = chunked ? "transfer-encoding: chunked\r\n" : "";
    await this.#write(encoder.encode(`${text}${coding}\r\n`));
    let sent = 0;
    for (let bytes; (bytes = (await reader.read()).value);) {
      if (bytes.length === 0) continue;
      sent += bytes.length;
      if (length !== undefined && sent > length) throw new RangeError(OTHER_LENGTH);
      if (chunked) await this.#write(encoder.encode(`${bytes.length.toString(16)}\r\n`));
      await this.#write(bytes);
      if (chunked) await this.#write(encoder.encode("\r\n"));
    }
    if (this.#left) throw LEFT;
    if (length !== undefined && sent !== length) throw new RangeError(OTHER_LENGTH);
    if (chunked) await this.#write(encoder.encode("0\r\n\r\n"));
  }

  /** Writes all of `bytes`; whoever takes none of them for as long as it is patient is dropped. */
  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      this.until = performance.now() + this.options.patienceMs;
      // the runtime copies what it is given, however little of it the client takes
      sent += await this.conn.write(bytes.subarray(sent, sent + WRITTEN_BYTES));
    }
    this.until = Infinity;
  }

  /** Reads away what the client still sends: to close on it would take the answer from it. */
  async #drain(): Promise<void> {
    this.until = performance.now() + Math.min(1000, this.options.patienceMs);
    await this.conn.closeWrite();
    const more = this.#reading;
    this.#reading = undefined;
    if (more && !await more) return;
    for (let drained = 0; drained < DRAINED_BYTES;) {
      this.#filled = 0;
      if (!await this.#read()) return;
      drained += this.#filled;
    }
  }
}

/** Where the head ends, its empty line included; 0 if it does not yet. */
function endOfHead(bytes: Uint8Array, from: number, filled: number): number {
  for (let at = from; (at = bytes.indexOf(10, at)) >= 0 && at < filled; at++) {
    if (at >= 3 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) {
      return at + 1;
    }
  }
  return 0;
}

const REQUEST_LINE = /^([A-Z]{1,20}) (\/[^ ]*|\*|https?:\/\/[^ ]+) HTTP\/1\.([01])$/;
const HOST = /^[\w.\-~%]*(:\d*)?$|^\[[\da-fA-F:.]+\](:\d*)?$/;
// deno-lint-ignore no-control-regex
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\n-\x1f\x7f]*?)[ \t]*$/;

/** A head without its empty line. Source: RFC 9112. @throws BadHead */
function parseHead(text: string): Head {
  const lines = text.split("\r\n");
  const [, method, target, minor] = REQUEST_LINE.exec(lines[0]) ??
    bad("The request line is none");
  const headers: [string, string][] = [];
  let host: string | undefined;
  let keep = minor === "1";
  for (let i = 1; i < lines.length; i++) {
    const [, name, value] = HEADER.exec(lines[i]) ?? bad("A header line is none");
    const lower = name.toLowerCase();
    if (lower === "host") {
      // A host with a slash or a question mark would move what is behind it to another path.
      if (host !== undefined || !HOST.test(value)) bad("The host is none");
      host = value;
    } else if (lower === "connection") {
      if (/\bclose\b/i.test(value)) keep = false;
      else if (/\bkeep-alive\b/i.test(value)) keep = true;
    } else if (lower === "transfer-encoding" || lower === "content-length") {
      // The body is not read: what comes behind the head could be taken for a request.
      if (value !== "0") keep = false;
    }
    // Headers are bytes to the platform; what is not written in them is nothing we read.
    if (!/[^\t\x20-\xff]/.test(value)) headers.push([lower, value]);
  }
  if (host === undefined && minor === "1") bad("There is no host");
  const url = target.startsWith("http")
    ? target
    : `http://${host || "localhost"}${target === "*" ? "/" : target}`;
  if (!URL.canParse(url)) bad("The URL is none");
  if (method === "TRACE" || method === "TRACK" || method === "CONNECT") {
    throw new BadHead(405, "Only GET, HEAD and OPTIONS are answered");
  }
  return { method, url, headers, keep, chunks: minor === "1" };
}

function bad(message: string): never {
  throw new BadHead(400, message);
}

let dateSecond = 0;
let dateText = "";

/** `Date` of an answer; made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(1000 * second).toUTCString();
  }
  return dateText;
}
