/** The processes of the load tests, the server and its origin, and what Linux tells of them. */

import type { OriginBehaviour, OriginStart, OriginStatus } from "./load_origin.ts";
import { peersFile } from "./peer_root.ts";

const MAIN = peersFile("../../main.ts");

/** A TCP port of 127.0.0.1 that was free just now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Resolves after `milliseconds`. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A running `load_origin.ts`. */
export class OriginProcess implements AsyncDisposable {
  private constructor(
    private readonly child: Deno.ChildProcess,
    readonly port: number,
    private readonly control: number,
  ) {}

  /** Starts one; it accepts connections when this resolves. */
  static async start(start: OriginStart): Promise<OriginProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", peersFile("load_origin.ts"), JSON.stringify(start)],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("The origin ended before it listened");
      line += value;
    }
    await reader.cancel();
    const { port, control } = JSON.parse(line);
    return new OriginProcess(child, port, control);
  }

  /** `http://127.0.0.1:PORT/`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async #ask(path: string, body?: unknown): Promise<OriginStatus> {
    const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
    return await (await fetch(`http://127.0.0.1:${this.control}${path}`, init)).json();
  }

  status(): Promise<OriginStatus> {
    return this.#ask("/status");
  }

  /** Forgets what happened. */
  reset(): Promise<OriginStatus> {
    return this.#ask("/reset");
  }

  /** Changes how it behaves; what was held goes on unless it is held again. */
  change(changes: Partial<OriginBehaviour>): Promise<OriginStatus> {
    return this.#ask("/change", changes);
  }

  /** Gives up the port; connections that are open end with the next request on them. */
  vanish(): Promise<OriginStatus> {
    return this.#ask("/vanish");
  }

  /** Kills the process: the kernel ends its connections. */
  async kill(): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.child.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** One TCP connection of a process. */
export interface Socket {
  readonly localPort: number;
  readonly remotePort: number;
  /** As in `include/net/tcp_states.h`: 1 is established, 8 waits for its own close, 10 listens. */
  readonly state: number;
  /** Bytes that came and were not read yet. */
  readonly unread: number;
}

/** A running `main.ts serve --catalog`, with the permissions that the catalog needs and no others. */
export class ServerProcess implements AsyncDisposable {
  private constructor(
    private readonly child: Deno.ChildProcess,
    readonly port: number,
    /** The flags that `main.ts permissions` printed. */
    readonly flags: readonly string[],
    private readonly written: { text: string },
    private readonly reading: Promise<unknown>,
  ) {}

  /**
   * Writes `catalog` to `folder`, asks `main.ts permissions` for its flags, and serves it with exactly
   * those.
   *
   * @param wrap a command that the server is run by
   */
  static async start(
    folder: string,
    catalog: unknown,
    { env = {}, wrap = [] }: { env?: Record<string, string>; wrap?: readonly string[] } = {},
  ): Promise<ServerProcess> {
    const file = `${folder}/catalog-${crypto.randomUUID()}.json`;
    // A thousand clients at once are more than the default allows.
    const { limits, ...rest } = catalog as { limits?: Record<string, number> };
    const crowded = { ...rest, limits: { connections: 4000, ...limits } };
    await Deno.writeTextFile(file, JSON.stringify(crowded));
    const port = freePort();
    const served = ["--catalog", file, "--port", String(port)];
    const asked = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", MAIN, "permissions", ...served],
      env,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (!asked.success) throw new Error(decoder.decode(asked.stderr));
    const flags = decoder.decode(asked.stdout).trim().split(" ");
    const command = [
      ...wrap,
      Deno.execPath(),
      ...["run", "--quiet", "--no-prompt", ...flags, MAIN, "serve", ...served],
    ];
    const child = new Deno.Command(command[0], {
      args: command.slice(1),
      cwd: peersFile("../.."),
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const written = { text: "" };
    const take = async (stream: ReadableStream<Uint8Array>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) written.text += text;
    };
    const reading = Promise.all([take(child.stdout), take(child.stderr)]);
    const ended = reading.then(() => true);
    while (!written.text.includes(`127.0.0.1:${port}`)) {
      if (await Promise.race([ended, pause(20)])) {
        throw new Error(`The server did not start:\n${written.text}`);
      }
    }
    return new ServerProcess(child, port, flags, written, reading);
  }

  /** Without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** All that it wrote: standard output and its log. */
  get log(): string {
    return this.written.text;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Bytes in memory. */
  resident(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1]) * 1024;
  }

  /** Seconds of processor time used so far. */
  cpuSeconds(): number {
    const fields = Deno.readTextFileSync(`/proc/${this.pid}/stat`).replace(/^.*\) /, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** What each file descriptor is, e.g. `socket:[123]`. */
  descriptors(): string[] {
    const folder = `/proc/${this.pid}/fd`;
    return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
      try {
        return [Deno.readLinkSync(`${folder}/${name}`)];
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return []; // closed meanwhile
        throw error;
      }
    });
  }

  /** Its TCP connections, listening ones too. */
  sockets(): Socket[] {
    const own = new Set(
      this.descriptors().flatMap((fd) => /^socket:\[(\d+)\]/.exec(fd)?.[1] ?? []),
    );
    const lines = ["tcp", "tcp6"].flatMap((table) =>
      Deno.readTextFileSync(`/proc/${this.pid}/net/${table}`).trim().split("\n").slice(1)
    );
    return lines.flatMap((line) => {
      const [, local, remote, state, queues, , , , , inode] = line.trim().split(/\s+/);
      const portOf = (address: string) => parseInt(address.split(":")[1], 16);
      if (!own.has(inode)) return [];
      return [{
        localPort: portOf(local),
        remotePort: portOf(remote),
        state: parseInt(state, 16),
        unread: parseInt(queues.split(":")[1], 16),
      }];
    });
  }

  /** Connections to a port, and those of clients. */
  connections(originPort: number): { origin: Socket[]; clients: Socket[] } {
    const sockets = this.sockets();
    return {
      origin: sockets.filter(({ remotePort }) => remotePort === originPort),
      clients: sockets.filter(({ localPort, state }) => localPort === this.port && state !== 10),
    };
  }

  signal(name: Deno.Signal): void {
    this.child.kill(name);
  }

  /** Stops it, as a service manager would unless told otherwise; it may have ended by itself. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    try {
      this.child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.child.status;
    await this.reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
