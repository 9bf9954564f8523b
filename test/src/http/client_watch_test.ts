import assert from "node:assert/strict";
import { ClientWatch } from "../../../src/http/client_watch.ts";

/** A request that tells how often its signal was asked for. */
class CountingRequest extends Request {
  readonly controller = new AbortController();
  looks = 0;
  override get signal(): AbortSignal {
    this.looks++;
    return this.controller.signal;
  }
}

Deno.test("a client that leaves aborts the signal of an answer under way", async () => {
  const watch = new ClientWatch();
  const left = Promise.withResolvers<unknown>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const answering = watch.start(request);
    await new Promise<void>((resolve) =>
      answering.signal.addEventListener("abort", () => resolve())
    );
    watch.end(answering);
    left.resolve(answering.signal.reason);
    return new Response(null);
  });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  client.close();
  assert.equal((await left.promise as DOMException).name, "AbortError");
  await server.shutdown();
});

Deno.test("the signal of a request that is answered at once is never looked at", () => {
  const watch = new ClientWatch();
  const requests = [1, 2, 3].map((n) => new CountingRequest(`http://localhost/${n}`));
  const answering = requests.map((request) => watch.start(request));
  for (const one of answering) watch.end(one); // a timer that is left would fail this test
  assert.deepEqual(requests.map(({ looks }) => looks), [0, 0, 0]);
  assert.ok(!answering[0].signal.aborted);
});

Deno.test("of several answers under way only the one whose client leaves is aborted", async () => {
  const watch = new ClientWatch();
  const [gone, stays, done] = [1, 2, 3].map((n) => new CountingRequest(`http://localhost/${n}`));
  const answering = [gone, stays, done].map((request) => watch.start(request));
  watch.end(answering[2]);
  const aborted = new Promise<void>((resolve) =>
    answering[0].signal.addEventListener("abort", () => resolve())
  );
  gone.controller.abort(new DOMException("gone", "AbortError"));
  await aborted;
  assert.equal(answering[0].signal.reason.message, "gone");
  assert.ok(!answering[1].signal.aborted);
  stays.controller.abort();
  assert.ok(answering[1].signal.aborted);
  assert.equal(done.looks, 0);
  for (const one of answering) watch.end(one);
});
