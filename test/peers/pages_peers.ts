/**
 * What the pages and `demo` show is run as it is printed: by Python and GDAL in the peers' root, by
 * Deno here.
 */

import assert from "node:assert/strict";
import { peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";

const ROOT = peersFile("../../");
const HTML = { headers: { accept: "text/html" } };

/** Writes a Zarr v3 store of int16 arrays that hold their own ordinals. */
async function writeStore(folder: string, arrays: Record<string, number[]>): Promise<void> {
  for (const [path, shape] of Object.entries(arrays)) {
    const parents = path.split("/").slice(0, -1);
    for (let n = 0; path !== "" && n <= parents.length; n++) {
      const group = [folder, ...parents.slice(0, n)].join("/");
      await Deno.mkdir(group, { recursive: true });
      await Deno.writeTextFile(`${group}/zarr.json`, '{"zarr_format":3,"node_type":"group"}');
    }
    const place = path === "" ? folder : `${folder}/${path}`;
    const elements = shape.reduce((a, b) => a * b, 1);
    const key = [place, "c", ...shape.map(() => 0)].join("/");
    await Deno.mkdir(key.slice(0, key.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(
      key,
      new Uint8Array(Int16Array.from({ length: elements }, (_, i) => i).buffer),
    );
    await Deno.writeTextFile(
      `${place}/zarr.json`,
      JSON.stringify({
        zarr_format: 3,
        node_type: "array",
        shape,
        data_type: "int16",
        chunk_grid: { name: "regular", configuration: { chunk_shape: shape } },
        chunk_key_encoding: { name: "default" },
        fill_value: -1,
        codecs: [{ name: "bytes", configuration: { endian: "little" } }],
        dimension_names: shape.map((n) => `d${n}`),
      }),
    );
  }
}

/** The snippets of a page, as a browser would copy them. */
function snippetsOf(page: string): string[] {
  const text = (html: string) =>
    html.replace(/<[^>]*>/g, "").replaceAll("&quot;", '"').replaceAll("&#39;", "'")
      .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  return [...page.matchAll(/<pre>([\s\S]*?)<\/pre>/g)].map(([, html]) => text(html));
}

/** Runs a snippet as what it is; gives what it printed. */
async function run(snippet: string): Promise<string> {
  if (snippet.includes("FetchStore")) {
    // who pastes it has zarrita installed
    const config = await Deno.makeTempFile({ suffix: ".json" });
    await Deno.writeTextFile(config, '{"imports":{"zarrita":"npm:zarrita@0.7.5"}}');
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", "--config", config, snippet],
    }).output();
    await Deno.remove(config);
    const text = new TextDecoder();
    assert.ok(success, `${snippet}\n${text.decode(stderr)}`);
    return text.decode(stdout);
  }
  const command = snippet.startsWith("import")
    ? ["python3", "-W", "error", "-c", snippet]
    : ["sh", "-c", snippet];
  const { success, output, errors } = await runInRoot(command);
  assert.ok(success, `${snippet}\n${errors}`);
  return output;
}

Deno.test("every snippet of every dataset's page runs as it is printed", async (t) => {
  const shared = await sharedFolder();
  await writeStore(`${shared.host}/grouped`, { "a/x": [4], "b/c d/y": [2, 3, 5] });
  await writeStore(`${shared.host}/both`, { "x": [4], "b/y": [2, 3] });
  await writeStore(`${shared.host}/array`, { "": [3, 4] });
  await writeStore(`${shared.host}/scalar`, { "s": [] });
  const datasets: Record<string, unknown> = {
    ocean: { url: `${ROOT}samples/ocean.json`, origins: [`file://${ROOT}samples/`] },
  };
  for (const id of ["grouped", "both", "array", "scalar"]) datasets[id] = { url: `${id}/` };
  await Deno.writeTextFile(`${shared.host}/catalog.json`, JSON.stringify({ datasets }));
  const gateway = await startGateway(`${shared.host}/catalog.json`, `${shared.host}/log`);
  try {
    const expected: Array<[path: string, ...printed: RegExp[]]> = [
      ["ocean", /thetao/, /thetao/, /Int16Array/],
      ["ocean.zarr", /thetao/, /thetao/, /Int16Array/],
      ["ocean~native", /thetao/],
      ["ocean~v2", /thetao/],
      // GDAL is told names with spaces as it can ask for them
      ["grouped", /d5: 5/, /"c%20d"/, /shape: \[ 3, 5 \]/],
      ["both", /d3: 3/, /"y"/, /shape: \[ 2, 3 \]/],
      ["both~v2", /d3: 3/],
      ["array", /shape=\(3, 4\) dtype=int16/, /d4/, /shape: \[ 3, 4 \]/],
      ["scalar", /s +int16/, /"s"/, /0/],
    ];
    for (const [path, ...printed] of expected) {
      await t.step(path, async () => {
        const page = await (await fetch(`${gateway.url}/${path}/`, HTML)).text();
        const snippets = snippetsOf(page);
        assert.equal(snippets.length, printed.length, page);
        for (const [i, snippet] of snippets.entries()) assert.match(await run(snippet), printed[i]);
      });
    }
    await t.step("xarray guesses the engine of an id that ends in .zarr", async () => {
      const code = `import xarray as xr\nprint(xr.open_dataset("${gateway.url}/ocean.zarr"))`;
      assert.match(await run(code), /thetao/);
    });
    await t.step("Zarr clients are told 404 of a bare array name, people its page", async () => {
      const plain = await fetch(`${gateway.url}/ocean/thetao`);
      assert.equal(plain.status, 404);
      await plain.body?.cancel();
      const page = await fetch(`${gateway.url}/ocean/thetao`, HTML);
      assert.equal(page.url, `${gateway.url}/ocean/thetao/`);
      assert.match(await page.text(), /<h1>thetao<\/h1>/);
    });
  } finally {
    await gateway.stop();
    await Deno.remove(shared.host, { recursive: true });
  }
});

Deno.test("what demo prints runs as it is printed", async () => {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo", "--port", "0"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    let told = "";
    for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (told.includes("Ctrl-C")) break;
    }
    const commands = [...told.matchAll(/^ {2}(xarray|GDAL|zarrita) +(.*)$/gm)];
    assert.deepEqual(commands.map(([, client]) => client), ["xarray", "GDAL", "zarrita"]);
    for (const [, client, command] of commands) {
      if (client !== "zarrita") {
        const { success, output, errors } = await runInRoot(["sh", "-c", command]);
        assert.ok(success, errors);
        assert.match(output, /thetao/);
        continue;
      }
      const { success, stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
      assert.ok(success);
      assert.match(new TextDecoder().decode(stdout), /Int16Array/);
    }
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
});
