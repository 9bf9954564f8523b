/** What an attack is, and what it is done to. */

import assert from "node:assert/strict";
import type { ServerProcess } from "../peers/load_processes.ts";
import type { HostileOrigin } from "./hostile_origin.ts";

/** One attack on a running gateway. */
export interface Attack {
  /** The point of the list that it belongs to, e.g. `Indexes 7`. */
  readonly point: string;
  /** What is done, as a sentence's part: "60 KB keys, 2,000 times". */
  readonly name: string;
  /** What it did before there was a bound. */
  readonly before: string;
  /**
   * Datasets of the catalog by id.
   *
   * @param at the hostile origin's URL, with a slash at its end
   * @param folder a local one, without
   */
  readonly datasets?: (at: string, folder: string) => Record<string, Record<string, unknown>>;
  /** `origins` of the catalog. */
  readonly origins?: (at: string) => Record<string, Record<string, unknown>>;
  /** Local files by their paths below the folder. */
  readonly local?: Record<string, string>;
  /** What the hostile origin serves by path, e.g. `/bomb.json`. */
  readonly files?: (at: string) => Record<string, Uint8Array | string>;
  /** Does it. Gives what came of it, in words. @throws if it did harm */
  run(scene: Scene): Promise<string>;
}

/** Attacks that one process takes, one after another. */
export interface Group {
  readonly attacks: readonly Attack[];
  /** `limits` of its catalog. */
  readonly limits?: Record<string, number>;
  /** File descriptors that the process may have; 1024 by default. */
  readonly files?: number;
  /** Where the shell sends the process's log, e.g. `/dev/full`. */
  readonly log?: string;
}

/** An answer, as far as attacks look at it. */
export interface Answer {
  readonly status: number;
  /** The problem's `type`; empty if it is none. */
  readonly type: string;
  readonly milliseconds: number;
}

/** The gateway under attack and the origin that attacks it. */
export class Scene {
  constructor(readonly server: ServerProcess, readonly origin: HostileOrigin) {}

  /** Asks once, reads the whole answer, and forgets it. */
  async get(path: string, init: RequestInit = {}): Promise<Answer> {
    const since = performance.now();
    const response = await fetch(`${this.server.url}/${path}`, init);
    let type = "";
    if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
      type = (await response.json()).type;
    } else {
      for await (const _ of response.body ?? []);
    }
    return { status: response.status, type, milliseconds: performance.now() - since };
  }

  /** The same, as one of `expected`, each `STATUS` or `STATUS TYPE`. Gives what it was. */
  async expect(path: string, expected: readonly string[], init?: RequestInit): Promise<string> {
    const { status, type } = await this.get(path, init);
    const found = `${status} ${type}`.trim();
    assert.ok(expected.includes(found), `${path}: ${found}, not ${expected.join(" or ")}`);
    return found;
  }

  /** A TCP connection to the gateway. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.server.port });
  }
}

/** `text` to a connection that may be gone. */
export async function say(connection: Deno.TcpConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text)).catch(() => 0);
}

/** How often each of `outcomes` came, most often first: "200 ×3, 503 overloaded ×1". */
export function tally(outcomes: Iterable<string | number>): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    counts.set(String(outcome), (counts.get(String(outcome)) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${name} ×${n}`).join(", ");
}
