import assert from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url).pathname;

Deno.test("deploy/serve serves a catalog with the permissions that it needs", async () => {
  const deno = Deno.execPath();
  const folder = await Deno.makeTempDir();
  await Deno.symlink(deno, `${folder}/deno`);
  const server = new Deno.Command("deploy/serve", {
    args: ["samples/catalog.json", "--port", "0"],
    cwd: ROOT,
    env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
    stdout: "piped",
  }).spawn();
  try {
    let told = "";
    for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (told.includes("/ocean-parquet")) break;
    }
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(told)?.[0];
    for (const id of ["ocean", "ocean-parquet"]) {
      const response = await fetch(`${url}${id}/thetao/c/0/0/0/0`);
      assert.equal(response.status, 200, id);
      await response.body?.cancel();
    }
  } finally {
    server.kill("SIGTERM");
    await server.status;
    await Deno.remove(folder, { recursive: true });
  }
});
