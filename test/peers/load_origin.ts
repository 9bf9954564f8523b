/**
 * An origin in a process of its own, quick enough for hundreds of connections: it answers each range
 * after a delay, and fails some requests. Plain TCP, so that it can break HTTP itself.
 *
 * `deno run -A load_origin.ts '{"port":0,"latencyMs":20,"archive":"data.bin","root":"folder"}'`
 * prints one line, `{"port","control"}`. Every path that ends in `.dat` is the archive; all else is
 * below `root`. {@link OriginControl} says what the control port takes.
 */

/** How the origin behaves; may be changed while it runs. */
export interface OriginBehaviour {
  /** Milliseconds before each answer. */
  latencyMs: number;
  /** Of all requests, the part that goes wrong: 500, 503, reset and half a body in turn. */
  failures: number;
  /** Paths that contain this are not answered before it is changed. */
  hold?: string;
}

/** What happened so far. */
export interface OriginStatus {
  /** Path → requests. */
  readonly requests: Record<string, number>;
  readonly total: number;
  /** Kind of failure → how often. */
  readonly failed: Record<string, number>;
  /** Connections that are open now. */
  readonly connections: number;
  /** Requests that were under way together at most, from head to last byte. */
  readonly peak: number;
}

/** How the process is started. */
export interface OriginStart extends Partial<OriginBehaviour> {
  readonly port?: number;
  /** A file that is read into memory. */
  readonly archive?: string;
  readonly root?: string;
}

/** Milliseconds that a connection may be idle, like the keep-alive timeout of any server. */
const IDLE_MS = 5000;
const DATE = "Sat, 01 Feb 2025 00:00:00 GMT";
const KINDS = ["500", "503", "reset", "short"];
const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

interface Peer {
  readonly connection: Deno.TcpConn;
  /** When it began to wait for a request; Infinity while one is answered. */
  idleSince: number;
}

class LoadOrigin {
  readonly behaviour: OriginBehaviour;
  readonly #peers = new Set<Peer>();
  readonly #files = new Map<string, Uint8Array>();
  #requests = new Map<string, number>();
  #failed = new Map<string, number>();
  #total = 0;
  #underWay = 0;
  #peak = 0;
  #held: Array<() => void> = [];
  #gone = false;
  #turn = 0;

  constructor(private readonly start: OriginStart, readonly listener: Deno.TcpListener) {
    this.behaviour = { latencyMs: start.latencyMs ?? 0, failures: start.failures ?? 0 };
    if (start.archive) this.#files.set("archive", Deno.readFileSync(start.archive));
    setInterval(() => this.#closeIdle(), 500);
    this.#accept();
  }

  status(): OriginStatus {
    return {
      requests: Object.fromEntries(this.#requests),
      total: this.#total,
      failed: Object.fromEntries(this.#failed),
      connections: this.#peers.size,
      peak: this.#peak,
    };
  }

  reset(): void {
    this.#requests.clear();
    this.#failed.clear();
    this.#total = this.#peak = 0;
  }

  change(changes: Partial<OriginBehaviour>): void {
    Object.assign(this.behaviour, { hold: undefined }, changes);
    for (const release of this.#held.splice(0)) release();
  }

  /**
   * Like a host that lost its power: the port is free for another process, and what still comes on an
   * old connection is answered by its end.
   */
  vanish(): void {
    this.#gone = true;
    this.listener.close();
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.listener) {
        connection.setNoDelay(true);
        const peer = { connection, idleSince: performance.now() };
        this.#peers.add(peer);
        this.#serve(peer).catch((error) => {
          if (!isGone(error)) throw error;
        }).finally(() => {
          this.#peers.delete(peer);
          close(connection);
        });
      }
    } catch (error) {
      if (!this.#gone) throw error;
    }
  }

  #closeIdle(): void {
    if (this.#gone) return;
    const now = performance.now();
    for (const { connection, idleSince } of this.#peers) {
      if (now - idleSince > IDLE_MS) close(connection);
    }
  }

  async #serve(peer: Peer): Promise<void> {
    const { connection } = peer;
    const buffer = new Uint8Array(16384);
    let text = "";
    for (;;) {
      let end;
      while ((end = text.indexOf("\r\n\r\n")) < 0) {
        const n = await connection.read(buffer);
        if (n === null || this.#gone) return;
        text += decoder.decode(buffer.subarray(0, n));
      }
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      peer.idleSince = Infinity;
      this.#peak = Math.max(this.#peak, ++this.#underWay);
      try {
        if (!await this.#answer(connection, head)) return;
      } finally {
        this.#underWay--;
      }
      peer.idleSince = performance.now();
    }
  }

  /** False if the connection must end. */
  async #answer(connection: Deno.TcpConn, head: string): Promise<boolean> {
    const [method, target] = head.split(" ", 2);
    const path = target.split("?")[0];
    this.#total++;
    this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
    const { latencyMs, failures } = this.behaviour;
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    while (this.behaviour.hold && path.includes(this.behaviour.hold)) {
      await new Promise<void>((resolve) => this.#held.push(resolve));
    }
    const failure = Math.random() < failures ? KINDS[this.#turn++ % KINDS.length] : undefined;
    if (failure) this.#failed.set(failure, (this.#failed.get(failure) ?? 0) + 1);
    if (failure === "reset") return false;
    if (failure === "500" || failure === "503") {
      await write(connection, answerHead(Number(failure), "content-length: 4"), FAILED);
      return true;
    }
    const content = this.#content(path);
    if (content === undefined) {
      await write(connection, answerHead(404, "content-length: 4"), FAILED);
      return true;
    }
    const tag = `"${content.length}-1"`;
    const state = `etag: ${tag}\r\nlast-modified: ${DATE}`;
    const must = /\r\nif-match: *([^\r]*)/i.exec(head)?.[1];
    if (must !== undefined && must !== tag) {
      await write(connection, answerHead(412, `${state}\r\ncontent-length: 0`));
      return true;
    }
    if (/\r\nif-none-match: *([^\r]*)/i.exec(head)?.[1] === tag) {
      await write(connection, answerHead(304, state));
      return true;
    }
    const range = /\r\nrange: *bytes=(\d+)-(\d+)/i.exec(head);
    const first = range ? Number(range[1]) : 0;
    const last = Math.min(range ? Number(range[2]) : Infinity, content.length - 1);
    if (range && first >= content.length) {
      const size = `content-range: bytes */${content.length}`;
      await write(connection, answerHead(416, `${size}\r\ncontent-length: 0`));
      return true;
    }
    let body = content.subarray(first, last + 1);
    const fields = `${state}\r\naccept-ranges: bytes\r\ncontent-length: ${body.length}` +
      (range ? `\r\ncontent-range: bytes ${first}-${last}/${content.length}` : "");
    if (failure === "short") body = body.subarray(0, body.length >> 1);
    const sent = method === "HEAD" ? new Uint8Array(0) : body;
    await write(connection, answerHead(range ? 206 : 200, fields), sent);
    return failure !== "short";
  }

  #content(path: string): Uint8Array | undefined {
    if (path.endsWith(".dat")) return this.#files.get("archive");
    let bytes = this.#files.get(path);
    if (bytes || this.start.root === undefined || path.includes("..")) return bytes;
    try {
      bytes = Deno.readFileSync(this.start.root + decodeURIComponent(path));
    } catch {
      return undefined; // answered with 404
    }
    this.#files.set(path, bytes);
    return bytes;
  }
}

const FAILED = encoder.encode("no.\n");

function answerHead(status: number, fields: string): Uint8Array {
  return encoder.encode(`HTTP/1.1 ${status} Load\r\ndate: ${DATE}\r\n${fields}\r\n\r\n`);
}

async function write(connection: Deno.TcpConn, head: Uint8Array, body?: Uint8Array): Promise<void> {
  let bytes = head;
  if (body && body.length <= 65536) {
    bytes = new Uint8Array(head.length + body.length);
    bytes.set(head);
    bytes.set(body, head.length);
    body = undefined;
  }
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
  if (body === undefined) return;
  for (let done = 0; done < body.length;) done += await connection.write(body.subarray(done));
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function main(): void {
  const start: OriginStart = JSON.parse(Deno.args[0]);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: start.port ?? 0 });
  const origin = new LoadOrigin(start, listener);
  const { port } = listener.addr;
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: (control) => console.log(JSON.stringify({ port, control: control.port })),
  }, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/change":
        origin.change(await request.json());
        break;
      case "/reset":
        origin.reset();
        break;
      case "/vanish":
        origin.vanish();
    }
    return Response.json(origin.status());
  });
}

if (import.meta.main) main();
