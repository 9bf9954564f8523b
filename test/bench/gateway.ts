/** The gateway as users start it, on chosen cores. */

import { freePort, listening, nextLine, type PinnedProcess, startPinned } from "./process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
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
export async function startParallelGateway(
  catalog: string,
  cores: readonly number[],
): Promise<RunningGateway> {
  const port = freePort();
  const listen = ["--host", "127.0.0.1", "--port", String(port)];
  const process = startPinned({
    command: Deno.execPath(),
    args: ["serve", "--parallel", ...listen, ...ALLOW, MAIN],
    env: { SLUICE_CATALOG: catalog, DENO_JOBS: String(cores.length) },
    cores,
    quiet: true,
  });
  await listening(port);
  return { port, process };
}
