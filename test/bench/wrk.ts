/** wrk: a fixed number of connections, each with one request under way. */

import { cpuSeconds } from "./process.ts";

/** What wrk asks for; see requests.lua. */
export interface Requests {
  /** `range`, `proxy`, or the path of a Zarr array. */
  readonly mode: string;
  /** Bytes of a chunk. */
  readonly size: number;
  /** Chunks that are asked for in turn. */
  readonly count: number;
}

/** How a server fared under load. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** Bytes received, headers included. */
  readonly bytes: number;
  /** Seconds of processor time of the server. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
}

const CONNECTIONS = 16;

/**
 * Loads the server on `port` for some seconds.
 *
 * @throws Error if any request failed
 */
export async function load(
  port: number,
  pid: number,
  { mode, size, count }: Requests,
  seconds: number,
  cores: readonly number[],
): Promise<Load> {
  const script = new URL("./requests.lua", import.meta.url).pathname;
  const before = cpuSeconds(pid);
  const output = await new Deno.Command("taskset", {
    args: [
      ...["-c", cores.join(","), "wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`],
      ...["-s", script, `http://127.0.0.1:${port}`],
    ],
    env: { MODE: mode, SIZE: String(size), COUNT: String(count) },
    stderr: "inherit",
  }).output();
  const cpu = cpuSeconds(pid) - before;
  const text = new TextDecoder().decode(output.stdout);
  const result = /^RESULT (.*)$/m.exec(text)?.[1].split(" ").map(Number);
  if (!result || !output.success) throw new Error(`wrk failed: ${text}`);
  const [requests, microseconds, bytes, p50, p99, errors] = result;
  if (errors > 0) throw new Error(`${errors} of ${requests} requests for ${mode} failed`);
  if (bytes < requests * size) {
    throw new Error(`${requests} answers to ${mode} have ${bytes} bytes: fewer than asked`);
  }
  return { requests, seconds: microseconds / 1e6, bytes, cpu, p50: p50 / 1e3, p99: p99 / 1e3 };
}

/** Of several loads of one server, the one with the median of requests a second. */
export function median(loads: readonly Load[]): Load {
  const rate = (load: Load) => load.requests / load.seconds;
  return loads.toSorted((a, b) => rate(a) - rate(b))[loads.length >> 1];
}
