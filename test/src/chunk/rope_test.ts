import assert from "node:assert/strict";
import type { ByteRange } from "../../../src/byte_range.ts";
import { OriginError } from "../../../src/errors.ts";
import type { OriginBody } from "../../../src/origin/origin.ts";
import type { SourceFile } from "../../../src/origin/source_file.ts";
import { Answers } from "../../../src/chunk/answers.ts";
import {
  collectRope,
  type FileSegment,
  readRope,
  type ReadSegment,
  ropeLength,
  type Segment,
  sliceRope,
} from "../../../src/chunk/rope.ts";

const MIB = 1024 * 1024;
const PREFIX = Uint8Array.from({ length: 24 }, (_, i) => 200 + i);
const SUFFIX = Uint8Array.from({ length: 5 }, (_, i) => 100 + i);
const A: SourceFile = { url: new URL("http://archive/a") };
const B: SourceFile = { url: new URL("http://archive/b") };

/** Byte `offset + i` of a file. */
function numbers(file: SourceFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const seed = file === A ? 0 : 101;
  return Uint8Array.from({ length }, (_, i) => ((offset + i) * 31 + ((offset + i) >> 8) + seed));
}

function range(file: SourceFile, offset: number, length: number): FileSegment {
  return { file, offset, length };
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

type Kind = "plain" | "bytes";

function pieces(bytes: Uint8Array, size: number, kind: Kind): ReadableStream<Uint8Array> {
  let at = 0;
  const source = {
    type: kind === "bytes" ? kind : undefined,
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

/** An origin that counts its reads; of the ranges in `lacking` it sends one byte too few. */
function origin(kind: Kind = "plain", lacking: (segment: FileSegment) => boolean = () => false) {
  const reads: Array<[path: string, offset: number, length: number]> = [];
  const read: ReadSegment = (segment) => {
    const { file, offset, length } = segment;
    reads.push([file.url.pathname, offset, length]);
    const bytes = numbers(file, offset, length - (lacking(segment) ? 1 : 0));
    return Promise.resolve(bodyOf(pieces(bytes, 70_001, kind)));
  };
  return { reads, read };
}

function expected(rope: readonly Segment[]): Uint8Array {
  const parts = rope.map((s) => s instanceof Uint8Array ? s : numbers(s.file, s.offset, s.length));
  const whole = new Uint8Array(ropeLength(rope));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function collect(body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>) {
  return new Uint8Array(await new Response(body).arrayBuffer());
}

function assertSame(got: Uint8Array, wanted: Uint8Array, what?: string): void {
  assert.equal(got.length, wanted.length, what);
  assert.ok(got.every((byte, i) => byte === wanted[i]), what);
}

const ROPES: Record<string, { rope: Segment[]; reads: number }> = {
  "a range": { rope: [range(A, 5, 100_000)], reads: 1 },
  "a short range": { rope: [range(A, 5, 100)], reads: 1 },
  "a long range": { rope: [range(A, 0, 3 * MIB + 7)], reads: 1 },
  "bytes": { rope: [PREFIX], reads: 0 },
  "nothing": { rope: [], reads: 0 },
  ...Object.fromEntries(
    [1, 1000, 65_512, 65_513, MIB - 24, MIB - 23, MIB, MIB + 1, 3_000_000].map((length) => [
      `a frame of ${length}`,
      { rope: [PREFIX, range(A, 9, length)], reads: 1 },
    ]),
  ),
  "a zip's member": { rope: [PREFIX, range(A, 9, 50_000), SUFFIX], reads: 1 },
  "a long member": { rope: [PREFIX, range(A, 9, 2 * MIB), SUFFIX], reads: 1 },
  "neighbours in one file": {
    rope: [range(A, 0, 10), range(A, 10, 20), range(A, 30, 5)],
    reads: 1,
  },
  "the same places in two files": { rope: [range(A, 0, 10), range(B, 10, 20)], reads: 2 },
  "ranges out of order": { rope: [range(A, 10, 10), range(A, 0, 10), range(B, 0, 1)], reads: 3 },
  "a shard": {
    rope: [...Array.from({ length: 30 }, (_, i) => range(A, i * 100_000, 90_000)), SUFFIX],
    reads: 30,
  },
  "long, short, long": {
    rope: [range(A, 0, 2 * MIB), range(B, 0, 5), PREFIX, range(A, 7, 2 * MIB), range(B, 9, 9)],
    reads: 4,
  },
};

for (const [name, { rope, reads }] of Object.entries(ROPES)) {
  for (const kind of ["plain", "bytes"] as const) {
    Deno.test(`readRope() gives every byte of ${name} in order, of ${kind} streams, and reads no other`, async () => {
      for (const complete of [false, true]) {
        const archive = origin(kind);
        const answers = new Answers(8 * MIB);
        const body = await readRope(rope, { read: archive.read, answers, complete });
        if (complete && rope.length > 0) assert.equal(answers.bytes > 0, ropeLength(rope) > 65_536);
        assertSame(await collect(body), expected(rope));
        assert.equal(answers.bytes, 0);
        assert.equal(archive.reads.length, reads);
        const asked = archive.reads.reduce((sum, [, , length]) => sum + length, 0);
        const inFiles = rope.filter((segment) => !(segment instanceof Uint8Array));
        assert.equal(asked, ropeLength(inFiles));
      }
    });
  }
}

Deno.test("sliceRope() gives the bytes of any range, as a rope of what is needed for it", async () => {
  const rope = [PREFIX, range(A, 9, 20), SUFFIX, range(B, 0, 3), range(B, 7, 3)];
  const whole = expected(rope);
  for (let offset = 0; offset < whole.length; offset++) {
    for (const length of [1, 2, 23, 24, 25, 40, whole.length - offset]) {
      const wanted = { offset, length: Math.min(length, whole.length - offset) };
      const slice = sliceRope(rope, wanted);
      assert.equal(ropeLength(slice), wanted.length);
      const archive = origin();
      const got = await collectRope(slice, archive.read);
      assertSame(got, whole.subarray(offset, offset + wanted.length), JSON.stringify(wanted));
      const asked = archive.reads.reduce((sum, [, , bytes]) => sum + bytes, 0);
      assert.ok(asked <= wanted.length);
    }
  }
});

Deno.test("sliceRope() cuts what lies beyond the end, and keeps a read that is under way whole", () => {
  const opened = bodyOf(pieces(numbers(A, 0, 10), 10, "plain"));
  const rope = [PREFIX, { ...range(A, 0, 10), opened }];
  const wholly: ByteRange = { offset: 0, length: 99 };
  assert.deepEqual(sliceRope(rope, wholly), rope);
  assert.deepEqual(sliceRope(rope, { offset: 99, length: 1 }), []);
});

const SHORT: Record<string, Segment[]> = {
  "a short range": [range(A, 0, 100)],
  "a frame": [PREFIX, range(A, 0, 500)],
  "one of three pieces": [range(B, 0, 500), range(A, 0, 500), range(B, 1000, 500)],
  "a frame whose first megabyte": [PREFIX, range(A, 0, MIB)],
};
for (const [name, rope] of Object.entries(SHORT)) {
  Deno.test(`readRope() refuses ${name} that falls short, before it answers`, async () => {
    for (const kind of ["plain", "bytes"] as const) {
      const { read } = origin(kind, ({ file }) => file === A);
      await assert.rejects(readRope(rope, { read, answers: new Answers(MIB) }), OriginError);
    }
  });
}

const BREAKING: Record<string, Segment[]> = {
  "a long frame": [PREFIX, range(A, 0, 2_000_001)],
  "a later piece": [range(B, 0, 2 * MIB), range(A, 0, 500), range(B, 9 * MIB, 500)],
  "the last piece": [
    ...Array.from({ length: 20 }, (_, i) => range(B, i * MIB, 90_000)),
    range(A, 0, 9),
  ],
};
for (const [name, rope] of Object.entries(BREAKING)) {
  Deno.test(`readRope() errors, never ends, where ${name} falls short`, async () => {
    for (const kind of ["plain", "bytes"] as const) {
      const { read } = origin(kind, ({ file }) => file === A);
      const body = await readRope(rope, { read, answers: new Answers(MIB) }) as ReadableStream<
        Uint8Array
      >;
      await assert.rejects(collect(body), (fault: unknown) => {
        assert.ok(fault instanceof OriginError);
        return fault.context.url === undefined;
      });
    }
  });
}

Deno.test("readRope() cancels the body and the reads under way when its own is cancelled", async () => {
  let cancelled: unknown;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  const signals: AbortSignal[] = [];
  const read: ReadSegment = (_, signal) => {
    signals.push(signal!);
    return Promise.resolve(bodyOf(endless));
  };
  const answers = new Answers(MIB);
  const rope = [PREFIX, range(A, 0, 5_000_000)];
  const body = await readRope(rope, { read, answers }) as ReadableStream<Uint8Array>;
  assert.equal(answers.bytes, MIB);
  await body.cancel("client left");
  assert.equal(cancelled, "client left");
  assert.equal(answers.bytes, 0);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);
});

Deno.test("readRope() gives its reads up when the client leaves before the first byte is there", async () => {
  const client = new AbortController();
  const read: ReadSegment = (_, signal) =>
    new Promise((_, reject) => {
      signal!.addEventListener("abort", () => reject(signal!.reason));
    });
  const { signal } = client;
  const rope = [PREFIX, range(A, 0, 5_000_000)];
  const reading = readRope(rope, { read, answers: new Answers(MIB), signal });
  await new Promise((resolve) => setTimeout(resolve));
  client.abort(new OriginError("origin-unavailable", "The read was cancelled"));
  await assert.rejects(reading, OriginError);
});

Deno.test("readRope() has at most eight short ranges under way", async () => {
  let underWay = 0;
  let most = 0;
  const rope = Array.from({ length: 40 }, (_, i) => range(A, i * 100, 10));
  const read: ReadSegment = async ({ file, offset, length }) => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay--;
    return bodyOf(pieces(numbers(file, offset, length), 10, "plain"));
  };
  await readRope(rope, { read, answers: new Answers(MIB) });
  assert.equal(most, 8);
});
