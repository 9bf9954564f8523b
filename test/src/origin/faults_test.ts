import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import { originsFor } from "../../../src/origin/mod.ts";
import type { OriginBody, ReadOptions } from "../../../src/origin/origin.ts";
import type { Validator } from "../../../src/origin/source_file.ts";
import { seededBytes } from "../../conformance/origin.ts";
import { type Fault, type OriginServer, startOrigin } from "../../faults/origin_server.ts";

const BYTES = seededBytes(50_000);
const RANGE = { offset: 1000, length: 20_000 };
const EXPECTED = BYTES.slice(1000, 21_000);

/** A server with one file, and an origin that gives up after 300 ms. */
async function faulty(options: { requestTimeoutMs?: number; validators?: boolean } = {}) {
  const server = await startOrigin({ files: { "/a": BYTES }, validators: options.validators });
  const log: string[] = [];
  const origin = originsFor({
    concurrentPerOrigin: 4,
    requestTimeoutMs: options.requestTimeoutMs ?? 5000,
    log: (event) => log.push(event),
  })([server.url]);
  return {
    server,
    log,
    origin,
    read: (o?: ReadOptions, validator?: Validator) =>
      origin.read({ url: new URL("a", server.url), validator }, RANGE, o),
    whole: (o?: ReadOptions) => origin.read({ url: new URL("a", server.url) }, undefined, o),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function isFault(code: string, status?: number) {
  return (fault: unknown) => {
    assert.ok(fault instanceof OriginError, `${fault}`);
    assert.equal(fault.code, code, fault.message);
    if (status !== undefined) assert.equal(fault.context.originStatus, status);
    assert.doesNotMatch(fault.message, /127\.0\.0\.1|http:/);
    return true;
  };
}

const collect = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream).arrayBuffer());

// What is wrong in the headers: an error before any byte is handed out.
const REFUSED: Array<[Fault, code: string, requests: number, originStatus?: number]> = [
  [{ kind: "reset" }, "origin-unavailable", 3],
  [{ kind: "garbage" }, "origin-unavailable", 3],
  [{ kind: "status", status: 401 }, "reference-unreachable", 1, 401],
  [{ kind: "status", status: 403 }, "reference-unreachable", 1, 403],
  [{ kind: "status", status: 404 }, "reference-unreachable", 1, 404],
  [{ kind: "status", status: 410 }, "reference-unreachable", 1, 410],
  [{ kind: "status", status: 416 }, "reference-unreachable", 1, 416],
  [{ kind: "status", status: 418 }, "reference-unreachable", 1, 418],
  [{ kind: "status", status: 304 }, "reference-unreachable", 1, 304],
  [{ kind: "status", status: 204 }, "origin-range-mismatch", 1, 204],
  [{ kind: "status", status: 412 }, "source-changed", 1, 412],
  [{ kind: "status", status: 429 }, "origin-unavailable", 3, 429],
  [{ kind: "status", status: 500 }, "origin-unavailable", 3, 500],
  [{ kind: "status", status: 503 }, "origin-unavailable", 3, 503],
  [{ kind: "redirect", location: "/b" }, "origin-redirect", 1, 302],
  [{ kind: "redirect", location: "/b", status: 308 }, "origin-redirect", 1, 308],
  [{ kind: "ignore-range" }, "range-ignored", 1, 200],
  [{ kind: "other-range", by: 1 }, "origin-range-mismatch", 1],
  [{ kind: "other-range", by: -24 }, "origin-range-mismatch", 1],
  [{ kind: "shorter-range" }, "origin-range-mismatch", 1],
  [{ kind: "no-content-range" }, "origin-range-mismatch", 1],
  [{ kind: "bad-content-range", value: "bytes 1000-20999" }, "origin-range-mismatch", 1],
  [{ kind: "bad-content-range", value: "items 1000-20999/50000" }, "origin-range-mismatch", 1],
  [{ kind: "bad-content-range", value: "bytes 1000-20999/20999" }, "origin-range-mismatch", 1],
  [{ kind: "bad-content-range", value: "bytes 1000-999/50000" }, "origin-range-mismatch", 1],
  [{ kind: "other-length", by: -1 }, "origin-range-mismatch", 1],
  [{ kind: "other-length", by: 1 }, "origin-range-mismatch", 1],
  [{ kind: "content-encoding", value: "br" }, "origin-range-mismatch", 1],
  [{ kind: "gzip" }, "origin-range-mismatch", 1],
];

for (const [fault, code, requests, originStatus] of REFUSED) {
  Deno.test(`an origin's ${describe(fault)} is ${code} after ${requests} request(s)`, async () => {
    await using setting = await faulty();
    setting.server.fault("/a", fault);
    await assert.rejects(setting.read(), isFault(code, originStatus));
    assert.equal(setting.server.requests.length, requests);
  });
}

function describe(fault: Fault): string {
  const { kind, ...rest } = fault;
  return [kind, ...Object.values(rest)].join(" ");
}

const WHOLE: Array<[Fault, code: string]> = [
  [{ kind: "unasked-part" }, "origin-range-mismatch"],
  [{ kind: "gzip" }, "origin-range-mismatch"],
  [{ kind: "status", status: 404 }, "reference-unreachable"],
  [{ kind: "status", status: 206 }, "origin-range-mismatch"],
];

for (const [fault, code] of WHOLE) {
  Deno.test(`of a whole object, an origin's ${describe(fault)} is ${code}`, async () => {
    await using setting = await faulty();
    setting.server.fault("/a", fault);
    await assert.rejects(setting.whole(), isFault(code));
  });
}

Deno.test("a fault that passes is retried and the bytes are right", async () => {
  const passing: Fault[] = [{ kind: "reset" }, { kind: "status", status: 503 }];
  for (const fault of passing) {
    await using setting = await faulty();
    setting.server.fault("/a", fault, { times: 2 });
    assert.deepEqual(await (await setting.read()).bytes(), EXPECTED);
    assert.equal(setting.server.requests.length, 3);
  }
});

Deno.test("an origin's Retry-After beyond the deadline is not waited for", async () => {
  await using setting = await faulty({ requestTimeoutMs: 300 });
  setting.server.fault("/a", { kind: "status", status: 503, headers: { "retry-after": "30" } });
  await assert.rejects(setting.read(), isFault("origin-unavailable", 503));
  assert.equal(setting.server.requests.length, 1);
});

Deno.test("a 200 to a range is cancelled, not read", async () => {
  const big = new Uint8Array(64 << 20);
  await using server = await startOrigin({ files: { "/big": big } });
  server.fault("/big", { kind: "ignore-range" });
  // the server makes a tag of all bytes first
  const origin = originsFor({ concurrentPerOrigin: 1, requestTimeoutMs: 60_000 })([server.url]);
  const url = new URL("big", server.url);
  await assert.rejects(origin.read({ url }, { offset: 0, length: 10 }), isFault("range-ignored"));
  server.heal();
  const body = await origin.read({ url }, { offset: 5, length: 10 });
  assert.equal((await body.bytes()).length, 10);
  assert.ok(server.requests[0].bytesSent < big.length, `${server.requests[0].bytesSent}`);
});

Deno.test("a body that stops short is read again once, whole", async () => {
  for (const room of [0, 24]) {
    await using setting = await faulty();
    setting.server.fault("/a", { kind: "short" }, { times: 1 });
    assert.deepEqual((await (await setting.read()).bytes(undefined, room)).slice(room), EXPECTED);
    assert.equal(setting.server.requests.length, 2);
  }
});

Deno.test("a body that keeps stopping short is an error, however it is taken", async () => {
  const takes = [
    async (setting: Awaited<ReturnType<typeof faulty>>) => await (await setting.read()).bytes(),
    async (setting: Awaited<ReturnType<typeof faulty>>) =>
      await (await setting.read()).bytes(undefined, 24),
    async (setting: Awaited<ReturnType<typeof faulty>>) =>
      await collect((await setting.read()).pieces()),
    async (setting: Awaited<ReturnType<typeof faulty>>) =>
      await collect((await setting.whole()).pieces()),
    async (setting: Awaited<ReturnType<typeof faulty>>) => await (await setting.whole()).bytes(),
  ];
  for (const fault of [{ kind: "short" }, { kind: "short-chunked" }] as const) {
    for (const [i, take] of takes.entries()) {
      // a whole object in chunked encoding declares no length that it could fall short of
      if (i >= 3 && fault.kind === "short-chunked") continue;
      await using setting = await faulty();
      setting.server.fault("/a", fault);
      await assert.rejects(take(setting), isFault("origin-range-mismatch"), `${fault.kind} ${i}`);
    }
  }
});

Deno.test("a stream that stops short goes on where it stopped, from the same object only", async () => {
  await using setting = await faulty();
  setting.server.fault("/a", { kind: "short" }, { times: 1 });
  assert.deepEqual(await collect((await setting.read()).stream()), EXPECTED);
  const [first, second] = setting.server.requests;
  assert.equal(first.headers["if-match"], undefined);
  assert.equal(second.headers.range, "bytes=11000-20999");
  assert.match(second.headers["if-match"], /^"/);
});

Deno.test("a stream that stops short does not go on with the bytes of a changed object", async () => {
  await using setting = await faulty();
  setting.server.fault("/a", { kind: "short" }, { times: 1 });
  const body = await setting.read();
  setting.server.files.set("/a", seededBytes(50_000, 9));
  await assert.rejects(collect(body.pieces()), isFault("source-changed"));
  await using lax = await faulty();
  lax.server.fault("/a", { kind: "short" }, { times: 1 });
  lax.server.fault("/a", { kind: "changed-tag", etag: '"other"' });
  await assert.rejects(
    async () => collect((await lax.read()).pieces()),
    isFault("source-changed"),
  );
});

Deno.test("a stream without a strong tag to hold on to is not resumed", async () => {
  await using setting = await faulty({ validators: false });
  setting.server.fault("/a", { kind: "short" }, { times: 1 });
  await assert.rejects(
    async () => collect((await setting.read()).pieces()),
    isFault("origin-range-mismatch"),
  );
  assert.equal(setting.server.requests.length, 1);
});

Deno.test("an unwatched stream that stops short is an error too", async () => {
  await using setting = await faulty();
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await collect((await setting.read()).stream()), EXPECTED);
  }
  setting.server.fault("/a", { kind: "short" });
  await assert.rejects(async () => collect((await setting.read()).stream()));
  assert.equal(setting.server.requests.length, 21, "the 21st is the runtime's own, not resumed");
});

Deno.test("a stream for a client breaks without a word of its origin, which the log has", async () => {
  await using setting = await faulty();
  setting.server.fault("/a", { kind: "short" });
  await assert.rejects(
    async () => collect((await setting.read()).stream()),
    (fault) => fault instanceof TypeError && !fault.message.includes("127.0.0.1") && !fault.cause,
  );
  assert.ok(setting.log.some((line) => line.includes("body-aborted")));
});

Deno.test("a body in chunked encoding of the right length is taken, of another it is not", async () => {
  await using setting = await faulty();
  setting.server.fault("/a", { kind: "chunked" });
  assert.deepEqual(await (await setting.read()).bytes(), EXPECTED);
  assert.deepEqual(await collect((await setting.read()).stream()), EXPECTED);
  assert.deepEqual(await (await setting.whole()).bytes(), BYTES);
  await assert.rejects((await setting.whole()).bytes(49_999), isFault("origin-range-mismatch"));
});

Deno.test("a body that goes on behind its Content-Range is a fault, and no more of it is taken", async () => {
  const takes: Array<(body: OriginBody) => Promise<unknown>> = [
    (body) => body.bytes(),
    (body) => body.bytes(undefined, 24),
    (body) => body.bytes(20_000),
    (body) => collect(body.pieces()),
    (body) => collect(body.stream()),
  ];
  for (const [i, take] of takes.entries()) {
    await using setting = await faulty();
    // the last of them is not watched any more
    for (let n = 0; i === 4 && n < 20; n++) await (await setting.read()).stream().cancel();
    setting.server.requests.length = 0;
    setting.server.fault("/a", { kind: "endless" });
    await assert.rejects(take(await setting.read()), `${i}`);
    await untilCancelled(setting.server);
    assert.equal(setting.server.requests.length, 1, "it is not asked for again");
    assert.ok(setting.server.bytesSent < 50e6, `${setting.server.bytesSent}`);
  }
});

Deno.test("a whole object of undeclared length that only drips has an end, however it is taken", async () => {
  for (const take of ["bytes", "pieces"] as const) {
    await using setting = await faulty({ requestTimeoutMs: 100 });
    setting.server.fault("/a", { kind: "endless-drip", everyMs: 10 });
    const body = await setting.whole();
    const taken = take === "bytes" ? body.bytes(1 << 20) : collect(body.pieces());
    await assert.rejects(taken, isFault("origin-timeout"), take);
  }
});

Deno.test("a source that changed is found out even where If-Match is ignored", async () => {
  const cases: Array<[Validator, Fault | undefined]> = [
    [{ etag: '"old"' }, undefined],
    [{ etag: '"old"' }, { kind: "changed-tag", etag: '"new"' }],
    [{ etag: 'W/"old"' }, { kind: "changed-tag", etag: '"new"' }],
    [{ lastModified: 1 }, undefined],
    [{ lastModified: 1 }, { kind: "changed-tag", etag: '"new"' }],
  ];
  for (const [validator, fault] of cases) {
    await using setting = await faulty();
    if (fault) setting.server.fault("/a", fault);
    await assert.rejects(setting.read({}, validator), isFault("source-changed"));
    assert.equal(setting.server.requests.length, 1, "it is not retried");
  }
});

Deno.test("a weak tag is compared, never sent in If-Match", async () => {
  await using setting = await faulty();
  setting.server.fault("/a", { kind: "changed-tag", etag: 'W/"same"' });
  const body = await setting.read({}, { etag: 'W/"same"' });
  assert.deepEqual(await body.bytes(), EXPECTED);
  assert.equal(setting.server.requests[0].headers["if-match"], undefined);
});

Deno.test("an origin that does not answer in time is origin-timeout", async () => {
  const late: Fault[] = [{ kind: "stall" }, { kind: "late", byMs: 60_000 }];
  for (const fault of late) {
    await using setting = await faulty({ requestTimeoutMs: 100 });
    setting.server.fault("/a", fault);
    await assert.rejects(setting.read(), isFault("origin-timeout"));
    await assert.rejects(setting.origin.head({ url: new URL("a", setting.server.url) }));
  }
});

Deno.test("a body that stalls ends in origin-timeout, however it is taken", async () => {
  for (const fault of [{ kind: "stall-body" }, { kind: "drip", everyMs: 40 }] as const) {
    for (const take of ["bytes", "room", "stream"]) {
      // one drop every 40 ms is never idle for 100 ms, but far below the slowest pace of a stream
      const requestTimeoutMs = fault.kind === "drip" && take === "stream" ? 60 : 100;
      await using setting = await faulty({ requestTimeoutMs });
      setting.server.fault("/a", fault);
      const body = await setting.read();
      const taken = take === "stream"
        ? collect(body.pieces())
        : body.bytes(undefined, take === "room" ? 24 : 0);
      await assert.rejects(taken, isFault("origin-timeout"), `${fault.kind} ${take}`);
    }
  }
});

async function untilCancelled(server: OriginServer): Promise<void> {
  while (!server.requests.some((request) => request.cancelled)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("a caller that leaves cancels the origin's read: waiting, reading, or streaming", async () => {
  for (const [kind, take] of [["stall", ""], ["stall-body", "bytes"], ["stall-body", "stream"]]) {
    await using setting = await faulty({ requestTimeoutMs: 60_000 });
    setting.server.fault("/a", { kind } as Fault);
    const controller = new AbortController();
    const reading = (async () => {
      const body = await setting.read({ signal: controller.signal });
      if (take === "bytes") return await body.bytes();
      const reader = body.stream().getReader();
      await reader.read();
      await reader.cancel();
      throw new OriginError("origin-unavailable", "left");
    })();
    const left = assert.rejects(reading, isFault("origin-unavailable"), `${kind} ${take}`);
    while (setting.server.requests.length === 0) await new Promise((r) => setTimeout(r, 5));
    const timer = setTimeout(() => controller.abort(), 20);
    await left;
    clearTimeout(timer);
    await untilCancelled(setting.server);
  }
});

Deno.test("failed and given-up reads leave no connection and no timer behind", async () => {
  await using setting = await faulty();
  for (const fault of [{ kind: "ignore-range" }, { kind: "status", status: 404 }] as Fault[]) {
    setting.server.heal();
    setting.server.fault("/a", fault);
    for (let i = 0; i < 20; i++) await assert.rejects(setting.read());
  }
  setting.server.heal();
  for (let i = 0; i < 20; i++) await (await setting.read()).cancel();
  for (let i = 0; i < 20; i++) await (await setting.read()).bytes(undefined, i);
  assert.ok(setting.server.connections <= 4, `${setting.server.connections} connections`);
});

Deno.test("a host that refuses HEAD is asked for a byte instead", async () => {
  await using server = await startOrigin({
    files: { "/a": BYTES },
    answer: ({ method }) => method === "HEAD" ? { status: 405 } : undefined,
  });
  const origin = originsFor({ concurrentPerOrigin: 1, requestTimeoutMs: 5000 })([server.url]);
  const info = await origin.head({ url: new URL("a", server.url) });
  assert.equal(info.length, BYTES.length);
  assert.match(info.validator?.etag ?? "", /^"/);
  assert.equal(server.requests[1].headers.range, "bytes=0-0");
});

Deno.test({
  name: "a host that Deno's permissions deny is origin-not-allowed, at once",
  permissions: { net: false },
  async fn() {
    const url = new URL("http://127.0.0.1:9999/a");
    const origin = originsFor({ concurrentPerOrigin: 1, requestTimeoutMs: 5000 })([
      "http://127.0.0.1:9999/",
    ]);
    await assert.rejects(origin.read({ url }, RANGE), isFault("origin-not-allowed"));
  },
});

Deno.test("a name that resolves to a denied address opens no socket", async () => {
  await using server = await startOrigin({ files: { "/a": BYTES } });
  const url = `http://localhost:${server.port}/a`;
  const script = new URL("denied_host.ts", import.meta.url).pathname;
  for (const [deny, expected] of [["127.0.0.1", "origin-not-allowed"], ["127.0.0.9", "50000"]]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net",
        `--deny-net=${deny},[::1]`,
        script,
        url,
      ],
      stdin: "null",
    }).output();
    assert.match(new TextDecoder().decode(stdout), new RegExp(`^${expected}`));
  }
  assert.equal(server.requests.length, 1, "the allowed process alone has reached it");
});
