/** `deploy/worker.ts` in the real workerd. */

import assert from "node:assert/strict";
import { Miniflare } from "miniflare";

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

/** Starts the Worker with that catalog; its `dispose()` stops it. */
export async function startWorkerd(catalog: unknown): Promise<{ worker: Miniflare; url: string }> {
  const worker = new Miniflare({
    modules: true,
    script: await bundle(),
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["nodejs_compat"],
    host: "127.0.0.1",
    bindings: { CATALOG: JSON.stringify(catalog) },
  });
  return { worker, url: (await worker.ready).href };
}
