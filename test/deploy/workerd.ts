/** `deploy/worker.ts` in the real workerd. */

import assert from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url);

/** `deploy/worker.ts` as one script. */
async function bundle(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/worker.js`;
  const platform = ["--platform", "browser", "--external", "node:*"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...platform, "-o", path, "deploy/worker.ts"],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const script = await Deno.readTextFile(path);
  await Deno.remove(folder, { recursive: true });
  return script;
}

/** A Worker that answers at `url` until it is disposed of. */
export interface RunningWorker extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts the Worker with that catalog. It runs in a process of its own, apart from the project's lock
 * file: workerd is a hundred megabytes that nobody who serves data should have to fetch.
 */
export async function startWorkerd(catalog: unknown): Promise<RunningWorker> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/worker.js`;
  await Deno.writeTextFile(path, await bundle());
  const server = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", SERVER, path, JSON.stringify(catalog)],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let told = "";
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (!told.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error("workerd did not start");
    told += value;
  }
  return {
    url: told.trim(),
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      await server.status;
      await reader.cancel();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const SERVER = `import { Miniflare } from "npm:miniflare@4.20260730.0";
const [path, catalog] = Deno.args;
const worker = new Miniflare({
  modules: true,
  script: await Deno.readTextFile(path),
  compatibilityDate: "2026-07-01",
  compatibilityFlags: ["nodejs_compat"],
  host: "127.0.0.1",
  bindings: { CATALOG: catalog },
});
console.log((await worker.ready).href);
Deno.addSignalListener("SIGTERM", async () => {
  await worker.dispose();
  Deno.exit(0);
});`;
