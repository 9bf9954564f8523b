import assert from "node:assert/strict";
import { type Answerer, HttpListener, type ListenOptions } from "../../deploy/listener.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A listener that is told to stop at the end of its scope. */
class Served implements AsyncDisposable {
  readonly log: string[] = [];
  readonly listener: HttpListener;

  constructor(answer: Answerer, options: Partial<ListenOptions> = {}) {
    this.listener = new HttpListener({
      hostname: "127.0.0.1",
      port: 0,
      connections: 100,
      patienceMs: 30_000,
      log: (event) => this.log.push(event),
      ...options,
    }, answer);
  }

  get url(): string {
    return `http://127.0.0.1:${this.listener.port}`;
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.listener.port });
  }

  /** Everything that comes back for `text`, until the connection ends. */
  async exchange(text: string): Promise<string> {
    using conn = await this.connect();
    await conn.write(encoder.encode(text));
    return await rest(conn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.shutdown();
    await this.listener.finished;
  }
}

/** What is read until the connection ends. */
async function rest(conn: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count));
  }
}

const path: Answerer = (request) =>
  new Response(`${request.method} ${new URL(request.url).pathname}`);
const END = "host: x\r\nconnection: close\r\n\r\n";

Deno.test("requests on one connection are answered in order, sent at once or byte by byte", async () => {
  await using served = new Served(path);
  const three =
    `GET /a HTTP/1.1\r\nhost: x\r\n\r\nHEAD /b HTTP/1.1\r\nhost: x\r\n\r\nGET /c HTTP/1.1\r\n${END}`;
  using slow = await served.connect();
  const writing = (async () => {
    for (const byte of encoder.encode(three)) await slow.write(new Uint8Array([byte]));
  })();
  const answers = [await served.exchange(three), await rest(slow)];
  await writing;
  for (const text of answers) {
    assert.equal(text.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 3);
    assert.match(text, /GET \/a[^]*GET \/c/);
    assert.doesNotMatch(text, /HEAD \/b/);
  }
});

Deno.test("fetch reads whole, chunked and empty bodies of every size over kept connections", async () => {
  await using served = new Served((request) => {
    const url = new URL(request.url);
    const size = Number(url.searchParams.get("size"));
    const bytes = new Uint8Array(size).map((_, i) => i * 7);
    const status = Number(url.searchParams.get("status") ?? 200);
    if (status === 304) return new Response(null, { status });
    const body = url.pathname === "/stream" ? new Blob([bytes]).stream() : bytes;
    const headers: HeadersInit = url.searchParams.has("length")
      ? { "content-length": String(size) }
      : {};
    return new Response(body, { status, headers });
  });
  for (const size of [0, 1, 4096, 65_536, 65_537, 1_000_000]) {
    for (const how of ["/bytes?", "/bytes?length&", "/stream?", "/stream?length&"]) {
      const response = await fetch(`${served.url}${how}size=${size}`);
      const bytes = await response.bytes();
      assert.equal(bytes.length, size);
      assert.ok(bytes.every((byte, i) => byte === (i * 7 & 255)));
    }
  }
  assert.equal((await fetch(`${served.url}/?status=304`)).status, 304);
});

const REFUSED: Array<[what: string, head: string, status: number]> = [
  ["no request line", "hello\r\n\r\n", 400],
  ["another protocol", "GET / HTTP/2.0\r\nhost: x\r\n\r\n", 400],
  ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two hosts", "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", 400],
  ["a host that is a path", "GET /b HTTP/1.1\r\nhost: x/a?\r\n\r\n", 400],
  ["a space before the colon", "GET / HTTP/1.1\r\nhost : x\r\n\r\n", 400],
  ["a folded header", "GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n", 400],
  ["a bare line feed in a header", "GET / HTTP/1.1\r\nhost: x\r\na: b\nc: d\r\n\r\n", 400],
  ["a NUL in a header", "GET / HTTP/1.1\r\nhost: x\r\na: b\0\r\n\r\n", 400],
  ["TRACE", "TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", 405],
  ["a URL of 60 KB", `GET /${"a".repeat(60_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 414],
  ["headers of 60 KB", `GET / HTTP/1.1\r\nhost: x\r\na: ${"a".repeat(60_000)}\r\n\r\n`, 431],
];
for (const [what, head, status] of REFUSED) {
  Deno.test(`${what} is ${status}, and the connection ends`, async () => {
    let asked = 0;
    await using served = new Served(() => (asked++, new Response("x")));
    assert.match(await served.exchange(head), new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(asked, 0);
  });
}

Deno.test("what follows a request with a body is never taken for a request", async () => {
  for (const length of ["content-length: 40", "transfer-encoding: chunked"]) {
    const asked: string[] = [];
    await using served = new Served((request) => {
      asked.push(request.method);
      return new Response(null, { status: 405 });
    });
    const text = await served.exchange(
      `POST / HTTP/1.1\r\nhost: x\r\n${length}\r\n\r\nGET /secret HTTP/1.1\r\n${END}`,
    );
    assert.match(text, /^HTTP\/1\.1 405 /);
    assert.deepEqual(asked, ["POST"], length);
  }
});

Deno.test("where connections are at their most, the longest idle one makes room for a new one", async () => {
  await using served = new Served(path, { connections: 10 });
  const idle: Deno.TcpConn[] = [];
  for (let i = 0; i < 30; i++) {
    const conn = await served.connect();
    if (i % 2) await conn.write(encoder.encode("GET / HTTP/1.1\r\nhos"));
    idle.push(conn);
  }
  assert.match(await served.exchange(`GET /a HTTP/1.1\r\n${END}`), /GET \/a/);
  for (const conn of idle) conn.close();
});

Deno.test("where all connections are busy, one more is told so with a plain 503", async () => {
  const gate = Promise.withResolvers<void>();
  let busy = 0;
  await using served = new Served(async () => {
    busy++;
    await gate.promise;
    return new Response("late");
  }, { connections: 3 });
  const asked = [1, 2, 3].map(() => served.exchange(`GET / HTTP/1.1\r\n${END}`));
  while (busy < 3) await new Promise((go) => setTimeout(go, 5));
  const refused = await served.exchange(`GET / HTTP/1.1\r\n${END}`);
  assert.match(refused, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  assert.match(refused, /retry-after: 1\r\n/);
  assert.match(refused, /access-control-allow-origin: \*\r\n/);
  gate.resolve();
  for (const text of await Promise.all(asked)) assert.match(text, /late/);
});

Deno.test("a head that never ends is dropped, however its bytes drip", async () => {
  await using served = new Served(path, { patienceMs: 300 });
  using conn = await served.connect();
  const ended = rest(conn);
  let over = false;
  ended.then(() => over = true);
  const writing = (async () => {
    await conn.write(encoder.encode("GET / HTTP/1.1\r\nhost: x\r\na: "));
    while (!over) {
      await conn.write(encoder.encode("b")).catch(() => {});
      await new Promise((go) => setTimeout(go, 20));
    }
  })();
  assert.equal(await ended, "");
  await writing;
});

Deno.test("a client that takes nothing of its answer is dropped, and the answer's source with it", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using served = new Served(() =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
        cancel: () => cancelled.resolve(),
      }),
    ), { patienceMs: 300 });
  using conn = await served.connect();
  await conn.write(encoder.encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  await cancelled.promise;
});

Deno.test("a body that fails breaks its connection off, and no other", async () => {
  await using served = new Served((request) =>
    request.url.endsWith("/good") ? new Response("good") : new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        pull: (controller) => controller.error(new TypeError("broken")),
      }),
      { headers: { "content-length": "100000" } },
    )
  );
  await assert.rejects((await fetch(`${served.url}/bad`)).bytes());
  assert.equal(await (await fetch(`${served.url}/good`)).text(), "good");
  assert.deepEqual(served.log, ["response-aborted"]);
});

Deno.test("a client that leaves is noticed while its answer is made", async () => {
  const left = Promise.withResolvers<void>();
  await using served = new Served(async (_, { client }) => {
    client!.signal.addEventListener("abort", () => left.resolve());
    await left.promise;
    return new Response("nobody");
  });
  const conn = await served.connect();
  await conn.write(encoder.encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  await new Promise((go) => setTimeout(go, 50));
  conn.close();
  await left.promise;
});

Deno.test("shutdown() answers what was asked and ends idle connections", async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const served = new Served(async () => {
    asked.resolve();
    await gate.promise;
    return new Response("late");
  });
  using idle = await served.connect();
  const answer = served.exchange("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await asked.promise;
  served.listener.shutdown();
  assert.equal(await rest(idle), "");
  gate.resolve();
  assert.match(await answer, /connection: close\r\n[^]*late/);
  await served.listener.finished;
});
