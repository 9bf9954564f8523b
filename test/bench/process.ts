/** Processes under measurement: started on chosen cores, and what Linux says that they use. */

/** Clock ticks a second of `/proc/PID/stat`: 100 on every Linux that Deno runs on. */
const TICKS = 100;
const PAGE_BYTES = 4096;

/** A process that runs on some cores only. */
export interface PinnedProcess {
  readonly pid: number;
  /** Standard output, line by line. */
  readonly lines: AsyncIterator<string>;
  /** Ends it and waits for its end. */
  stop(): Promise<void>;
}

/** What to start. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Cores it may use; all if undefined. */
  readonly cores?: readonly number[];
  /** True if what it writes to standard error is not to be shown. */
  readonly quiet?: boolean;
}

/** Starts a process. */
export function startPinned({ command, args, env, cwd, cores, quiet }: Command): PinnedProcess {
  const pinned = cores ? ["-c", cores.join(","), command, ...args] : [];
  const child = new Deno.Command(cores ? "taskset" : command, {
    args: cores ? pinned : [...args],
    env,
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: quiet ? "null" : "inherit",
  }).spawn();
  const text = child.stdout.pipeThrough(new TextDecoderStream());
  return {
    pid: child.pid,
    lines: linesOf(text),
    async stop() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended by itself
      }
      await child.status;
      await child.stdout.cancel().catch(() => undefined); // its reader may hold it
    },
  };
}

async function* linesOf(text: ReadableStream<string>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** The next line of a process. @throws Error if it has ended */
export async function nextLine(process: PinnedProcess): Promise<string> {
  const { done, value } = await process.lines.next();
  if (done) throw new Error(`Process ${process.pid} ended without another line`);
  return value;
}

/** Seconds of processor time, user and system, that a process and its children have used. */
export function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  const own = (Number(fields[11]) + Number(fields[12])) / TICKS;
  return children(pid).reduce((sum, child) => sum + cpuSeconds(child), own);
}

/** Bytes of a process that are in memory now. */
export function residentBytes(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ")[1]) * PAGE_BYTES;
}

function children(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** A TCP port of 127.0.0.1 that was free just now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Waits until something listens on a port. @throws Error after ten seconds */
export async function listening(port: number): Promise<void> {
  for (let tried = 0; tried < 200; tried++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Nothing listens on port ${port} after ten seconds`);
}

/** The programs of `names` that cannot be found. */
export function missingPrograms(names: readonly string[]): string[] {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const exists = (path: string) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      if (error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  };
  return names.filter((name) => !folders.some((folder) => exists(`${folder}/${name}`)));
}
