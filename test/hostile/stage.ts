/** What attacks are done to, and what stands beside: processes and the thread of the bystander. */

import { LoadArchive } from "../peers/load_archive.ts";
import { OriginProcess, ServerProcess } from "../peers/load_processes.ts";
import { type Group, Scene } from "./attack.ts";
import { Bystander } from "./bystander.ts";
import { HostileOrigin } from "./hostile_origin.ts";

/** As `deploy/serve` sets it: glibc gives back what is free. */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "131072" };

/** An honest archive behind an origin of its own, the hostile origin, and the gateway before both. */
export class Stage implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly archiveOrigin: OriginProcess,
    readonly scene: Scene,
    readonly bystander: Bystander,
    /** The honest index, which the hostile origin serves as `/honest.json`. */
    readonly index: string,
  ) {}

  /** @param failures of all reads of the honest archive, the part that goes wrong */
  static async start(
    { attacks, limits, files = 1024, log }: Group,
    failures = 0,
  ): Promise<Stage> {
    const folder = await Deno.makeTempDir({ prefix: "sluice-hostile-" });
    const archive = new LoadArchive();
    await Deno.writeFile(`${folder}/archive.bin`, archive.bytes);
    const archiveOrigin = await OriginProcess.start({
      archive: `${folder}/archive.bin`,
      failures,
    });
    const origin = new HostileOrigin();
    const index = archive.references(archiveOrigin.url);
    origin.put("/honest.json", index);
    const datasets: Record<string, unknown> = {
      honest: { url: `${origin.url}honest.json`, origins: [archiveOrigin.url], maxAge: 5 },
    };
    const origins: Record<string, unknown> = {};
    for (const attack of attacks) {
      Object.assign(datasets, attack.datasets?.(origin.url, folder));
      Object.assign(origins, attack.origins?.(origin.url));
      for (const [path, content] of Object.entries(attack.local ?? {})) {
        const file = `${folder}/${path}`;
        await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
        await Deno.writeTextFile(file, content);
      }
      const served = attack.files?.(origin.url) ?? {};
      for (const [path, content] of Object.entries(served)) origin.put(path, content);
    }
    const start = () =>
      ServerProcess.start(folder, { datasets, origins, limits }, {
        env: { DENO_V8_FLAGS: "--max-old-space-size=512", NO_COLOR: "1", ...ALLOCATOR },
        wrap: ["sh", "-c", `ulimit -n ${files}; exec "$@"${log ? ` 2>${log}` : ""}`, "sh"],
      });
    // the port that was free may be taken by the time that the server listens
    const server = await start().catch(start);
    const bystander = new Bystander(server.port, failures > 0);
    return new Stage(folder, archiveOrigin, new Scene(server, origin), bystander, index);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bystander[Symbol.asyncDispose]();
    await this.scene.server.stop("SIGKILL");
    await this.archiveOrigin.kill();
    await this.scene.origin[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
