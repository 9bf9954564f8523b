/** The real process, with few file descriptors and a small heap, for tests that attack it. */

import { arraySet } from "../fixtures/array_set.ts";
import { rawChunk } from "../fixtures/array_set.ts";

const MAIN = decodeURIComponent(new URL("../../main.ts", import.meta.url).pathname);

/** What a gateway under attack is given. */
export interface AttackedOptions {
  /** File descriptors that it may have; 1024 by default. */
  readonly nofile?: number;
  /** Members of the catalog's `limits`. */
  readonly limits?: Record<string, unknown>;
  /** More datasets. */
  readonly datasets?: Record<string, unknown>;
  /** Where the shell sends its standard error; `/dev/null` by default. */
  readonly errors?: string;
}

/** A running `main.ts serve` over local files: the dataset `set` has a known array `plain`. */
export class AttackedGateway implements AsyncDisposable {
  private constructor(
    private readonly child: Deno.ChildProcess,
    readonly port: number,
    private readonly folder: string,
    private readonly reading: Promise<unknown>,
  ) {}

  /** Starts one; it takes requests when this resolves. */
  static async start(
    { nofile = 1024, limits = {}, datasets = {}, errors = "/dev/null" }: AttackedOptions = {},
  ): Promise<AttackedGateway> {
    const folder = await Deno.makeTempDir({ prefix: "sluice-hostile-" });
    const set = arraySet();
    await Deno.writeFile(`${folder}/data.bin`, set.file);
    await Deno.writeTextFile(
      `${folder}/set.json`,
      JSON.stringify(set.references(`${folder}/data.bin`)),
    );
    await Deno.writeTextFile(
      `${folder}/catalog.json`,
      JSON.stringify({
        datasets: { set: { url: `${folder}/set.json`, origins: [`${folder}/`] }, ...datasets },
        limits,
      }),
    );
    const command = [
      Deno.execPath(),
      ...["run", "--quiet", "-A", "--v8-flags=--max-old-space-size=512", MAIN],
      ...["serve", "--catalog", `${folder}/catalog.json`, "--port", "0"],
    ];
    const child = new Deno.Command("sh", {
      args: ["-c", `ulimit -n ${nofile}; exec "$@" 2>${errors}`, "sh", ...command],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let told = "";
    let port: number | undefined;
    while (port === undefined) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`It ended before it listened: ${told}`);
      told += value;
      const found = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(told);
      if (found) port = Number(found[1]);
    }
    const reading = (async () => {
      while (!(await reader.read()).done);
    })();
    return new AttackedGateway(child, port, folder, reading);
  }

  /** `http://127.0.0.1:PORT`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A connection of its own. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }

  /** Bytes of memory that the process holds. */
  async memory(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.child.pid}/status`);
    return 1024 * Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]);
  }

  /** How many milliseconds `/-/health` takes, on a connection of its own. */
  async health(): Promise<number> {
    const since = performance.now();
    using conn = await this.connect();
    const head = "GET /-/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    await conn.write(new TextEncoder().encode(head));
    const buffer = new Uint8Array(4096);
    const count = await conn.read(buffer);
    const text = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    if (!text.startsWith("HTTP/1.1 200")) throw new Error(`health: ${text}`);
    return performance.now() - since;
  }

  /** Reads known chunks. @throws if a value is wrong */
  async honest(): Promise<void> {
    for (let c = 0; c < 3; c++) {
      const response = await fetch(`${this.url}/set/plain/c/${c}`, {
        headers: { connection: "close" },
      });
      const bytes = await response.bytes();
      if (response.status !== 200 || bytes.toHex() !== rawChunk(c).toHex()) {
        throw new Error(`chunk ${c}: ${response.status}, ${bytes.length} bytes`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.child.status;
    await this.reading;
    await Deno.remove(this.folder, { recursive: true });
  }
}
