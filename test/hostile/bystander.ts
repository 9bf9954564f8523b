/**
 * Who stands beside an attack, in a thread of its own: an honest client that compares what it reads,
 * and a watcher that asks for health on a new connection each time.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { BodyCheck, LoadArchive } from "../peers/load_archive.ts";

/** What was seen since it was last asked for. */
export interface Seen {
  /** Milliseconds that each answer of `/-/health` took, sorted. */
  readonly health: readonly number[];
  /** Health that was not answered, or not well. */
  readonly ill: number;
  /** Chunks read whole and right. */
  readonly right: number;
  /** Honest reads that were refused for a while: 429, 503; where the origin fails at times, 502 and 504. */
  readonly refused: number;
  /** Honest reads whose connection ended: idle ones make room for others. */
  readonly dropped: number;
  /** What was wrong: other bytes, a false 404, a fault that was not the reader's. */
  readonly wrong: readonly string[];
}

/** Milliseconds between two looks at health, and between two honest reads. */
const PERIOD = 20;

/** The bystander's side of the thread. */
export class Bystander implements AsyncDisposable {
  readonly #thread: Worker;

  /** Watches the gateway on a port of 127.0.0.1. @param faulty whether the archive's origin fails at times */
  constructor(port: number, faulty: boolean) {
    this.#thread = new Worker(new URL(import.meta.url), {
      workerData: { watchedPort: port, faulty },
    });
  }

  /** What was seen since the last time. */
  seen(): Promise<Seen> {
    return new Promise((resolve) => {
      this.#thread.once("message", resolve);
      this.#thread.postMessage("seen");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}

function nothing() {
  return {
    health: [] as number[],
    ill: 0,
    right: 0,
    refused: 0,
    dropped: 0,
    wrong: [] as string[],
  };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PERIOD));

/** How many milliseconds `/-/health` took, on a connection of its own. */
async function health(port: number): Promise<number> {
  const since = performance.now();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = "GET /-/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
  await connection.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(4096);
  const count = await connection.read(buffer) ?? 0;
  const text = new TextDecoder().decode(buffer.subarray(0, count));
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(`health: ${text}`);
  return performance.now() - since;
}

function watch(port: number, faulty: boolean): () => Seen {
  const passing = faulty ? [429, 502, 503, 504] : [429, 503];
  let seen = nothing();
  const archive = new LoadArchive();
  const check = new BodyCheck(archive);
  const look = async () => {
    for (;;) {
      await health(port).then((ms) => seen.health.push(ms), () => seen.ill++);
      await pause();
    }
  };
  const read = async () => {
    const { key, chunk } = archive.any(Math.random);
    const response = await fetch(`http://127.0.0.1:${port}/honest/${key}`);
    if (passing.includes(response.status)) {
      await response.body?.cancel();
      seen.refused++;
    } else if (response.status !== 200) {
      seen.wrong.push(`${key}: ${response.status} ${await response.text()}`);
    } else {
      const problem = await check.problem(chunk, await response.bytes());
      if (problem) seen.wrong.push(`${key}: ${problem}`);
      else seen.right++;
    }
  };
  const readOn = async () => {
    for (;;) {
      await read().catch(() => seen.dropped++);
      await pause();
    }
  };
  look();
  readOn();
  return () => {
    const { health, ...rest } = seen;
    seen = nothing();
    return { health: health.sort((a, b) => a - b), ...rest };
  };
}

if (!isMainThread && workerData?.watchedPort) {
  const seen = watch(workerData.watchedPort, workerData.faulty);
  parentPort!.on("message", () => parentPort!.postMessage(seen()));
}
