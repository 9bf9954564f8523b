/** The gateway as users start it, and the least that a proxy on Deno does, on chosen cores. */

import { freePort, listening, nextLine, type PinnedProcess, startPinned } from "./process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const BARE_PROXY = new URL("bare_proxy.ts", import.meta.url).pathname;
const ALLOW = ["--allow-net", "--allow-read", "--allow-env"];

/** A running gateway. */
export interface RunningGateway {
  readonly port: number;
  readonly process: PinnedProcess;
}

/** `main.ts serve --catalog FILE`. */
export async function startGateway(
  catalog: string,
  cores?: readonly number[],
): Promise<RunningGateway> {
  const port = freePort();
  const args = ["run", ...ALLOW, MAIN, "serve", "--catalog", catalog, "--port", String(port)];
  // quiet: when wrk stops it leaves requests under way, and each is a line of the log
  const process = startPinned({ command: Deno.execPath(), args, cores, quiet: true });
  await nextLine(process);
  return { port, process };
}

/** `deno serve --parallel main.ts`: one thread a core, one port. */
export function startParallelGateway(
  catalog: string,
  cores: readonly number[],
): Promise<RunningGateway> {
  return denoServe(["--parallel", ...ALLOW, MAIN], { SLUICE_CATALOG: catalog }, cores);
}

/** `fetch` and `new Response(body)`, nothing else, in as many threads as there are cores. */
export function startBareProxy(
  originPort: number,
  cores: readonly number[],
): Promise<RunningGateway> {
  const parallel = cores.length > 1 ? ["--parallel"] : [];
  const env = { BENCH_ORIGIN: `http://127.0.0.1:${originPort}/` };
  return denoServe([...parallel, ...ALLOW, BARE_PROXY], env, cores);
}

async function denoServe(
  args: readonly string[],
  env: Record<string, string>,
  cores: readonly number[],
): Promise<RunningGateway> {
  const port = freePort();
  const process = startPinned({
    command: Deno.execPath(),
    args: ["serve", "--host", "127.0.0.1", "--port", String(port), ...args],
    env: { ...env, DENO_JOBS: String(cores.length) },
    cores,
    quiet: true,
  });
  await listening(port);
  return { port, process };
}
