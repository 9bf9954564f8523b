import assert from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Starts deploy/serve in `cwd`, reads from what it serves, and stops it. */
async function servesAs(cwd: string, catalog: string, ids: string[], host: string): Promise<void> {
  const bin = await Deno.makeTempDir();
  await Deno.symlink(Deno.execPath(), `${bin}/deno`);
  const server = new Deno.Command(`${ROOT}deploy/serve`, {
    args: [catalog, "--port", "0", "--host", host],
    cwd,
    env: { PATH: `${bin}:${Deno.env.get("PATH")}` },
    stdout: "piped",
  }).spawn();
  try {
    let told = "";
    for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (told.includes(`/${ids.at(-1)}\n`)) break;
    }
    const url = /http:\/\/\S+:\d+\//.exec(told)?.[0];
    for (const id of ids) {
      const chunk = id === "relief" ? "data/c/0/0" : "thetao/c/0/0/0/0";
      const response = await fetch(`${url}${id}/${chunk}`);
      assert.equal(response.status, 200, id);
      await response.body?.cancel();
    }
  } finally {
    server.kill("SIGTERM");
    await server.status;
    await Deno.remove(bin, { recursive: true });
  }
}

Deno.test("deploy/serve serves a catalog with the permissions that it needs", () =>
  servesAs(
    ROOT,
    "samples/catalog.json",
    ["ocean", "ocean-parquet", "ocean-file", "relief"],
    "127.0.0.1",
  ));

Deno.test("deploy/serve takes paths with spaces and quotes, and IPv6 hosts", async () => {
  const folder = await Deno.makeTempDir({ prefix: "it's a b" });
  for (const name of ["ocean.json", "ocean_2024-01.nc", "ocean_2024-02.nc"]) {
    await Deno.copyFile(`${ROOT}samples/${name}`, `${folder}/${name}`);
  }
  const datasets = { ocean: { url: "ocean.json", origins: ["./"] } };
  await Deno.writeTextFile(`${folder}/my catalog.json`, JSON.stringify({ datasets }));
  try {
    await servesAs(folder, "my catalog.json", ["ocean"], "::1");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
