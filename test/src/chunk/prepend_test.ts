import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import type { OriginBody } from "../../../src/origin/origin.ts";
import { prepend } from "../../../src/chunk/prepend.ts";

const PREFIX = Uint8Array.from({ length: 24 }, (_, i) => 200 + i);

function numbers(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

function bodyOf(stream: ReadableStream<Uint8Array>): OriginBody {
  return {
    stream: () => stream,
    pieces: () => stream,
    async bytes(maxBytes = Infinity, room = 0) {
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
      if (bytes.length !== maxBytes) {
        throw new OriginError("origin-range-mismatch", `${bytes.length} of ${maxBytes}`);
      }
      const roomy = new Uint8Array(room + bytes.length);
      roomy.set(bytes, room);
      return roomy;
    },
    cancel: () => stream.cancel(),
  };
}

function pieces(bytes: Uint8Array, size: number, type?: "bytes"): ReadableStream<Uint8Array> {
  let at = 0;
  const source = {
    type,
    pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      if (at >= bytes.length) {
        controller.close();
        // A closed byte stream still owes its pending reader an answer.
        if ("byobRequest" in controller) controller.byobRequest?.respond(0);
        return;
      }
      controller.enqueue(bytes.slice(at, at += size));
    },
  };
  return new ReadableStream(source as UnderlyingDefaultSource<Uint8Array>);
}

async function collect(body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>) {
  return new Uint8Array(await new Response(body).arrayBuffer());
}

for (const length of [1, 1000, 65_512, 65_513, 1_048_576, 1_048_577, 3_000_000]) {
  for (const type of [undefined, "bytes"] as const) {
    Deno.test(`prepend() keeps every byte of ${length} in a ${type ?? "plain"} stream`, async () => {
      const payload = numbers(length);
      const body = await prepend(PREFIX, bodyOf(pieces(payload, 70_001, type)), length);
      const got = await collect(body);
      assert.equal(got.length, PREFIX.length + length);
      assert.deepEqual(got.subarray(0, PREFIX.length), PREFIX);
      assert.ok(got.subarray(PREFIX.length).every((byte, i) => byte === payload[i]));
    });
  }
}

for (const type of [undefined, "bytes"] as const) {
  Deno.test(`prepend() refuses a ${type ?? "plain"} body that falls short, before it answers`, async () => {
    const stream = pieces(numbers(500), 100, type);
    await assert.rejects(prepend(PREFIX, bodyOf(stream), 501), OriginError);
  });

  Deno.test(`prepend() errors, never ends, where a long ${type ?? "plain"} body falls short`, async () => {
    const stream = pieces(numbers(2_000_000), 100_000, type);
    const body = await prepend(PREFIX, bodyOf(stream), 2_000_001);
    await assert.rejects(collect(body), OriginError);
  });
}

Deno.test("prepend() cancels the origin's body when its own is cancelled", async () => {
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  const body = await prepend(PREFIX, bodyOf(stream), 5_000_000) as ReadableStream<Uint8Array>;
  await body.cancel("client left");
  assert.equal(cancelled, "client left");
});

for (const type of [undefined, "bytes"] as const) {
  Deno.test(`prepend() makes the failure of a long ${type ?? "plain"} body the origin's fault`, async () => {
    const broken = new TypeError("error reading a body from connection");
    const stream = new ReadableStream({ type, pull: (c) => c.error(broken) } as UnderlyingSource);
    await assert.rejects(prepend(PREFIX, bodyOf(stream), 2_000_000), (fault: unknown) => {
      assert.ok(fault instanceof OriginError, `${fault}`);
      assert.equal(fault.code, "origin-range-mismatch");
      return fault.cause === broken;
    });
  });
}
