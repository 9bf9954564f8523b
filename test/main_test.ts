import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url).pathname;

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function sluice(...args: string[]): Promise<Outcome> {
  return deno(["run", "--quiet", "-A", `${ROOT}main.ts`, ...args], ROOT);
}

async function deno(args: string[], cwd: string): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    // the user of these tests stands elsewhere
    env: { NO_COLOR: "1", INIT_CWD: cwd },
  }).output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout), errors: text.decode(stderr) };
}

for (const target of ["samples/ocean.json", "samples/ocean.parq"]) {
  Deno.test(`inspect ${target} tells the tree, types, chunks, codecs, tiers and references`, async () => {
    const { code, output } = await sluice("inspect", target, "--json");
    assert.equal(code, 0);
    const report = JSON.parse(output);
    const thetao = report.arrays.find((array: { path: string }) => array.path === "thetao");
    assert.deepEqual(thetao, {
      path: "thetao",
      shape: [6, 5, 90, 180],
      dimensions: ["time", "depth", "latitude", "longitude"],
      dtype: "int16",
      chunks: [1, 2, 36, 64],
      codecs: ["bytes", "numcodecs.shuffle", "numcodecs.zlib"],
      tier: "frame",
      served: ["bytes", "blosc"],
      refs: 161,
      grid: 162,
    });
    assert.deepEqual(report.refused, []);
    const text = await sluice("inspect", target);
    assert.match(text.output, /\/thetao .* int16 .* frame → bytes blosc +161\/162/);
  });

  Deno.test(`check ${target} finds nothing wrong`, async () => {
    const { code, output } = await sluice("check", target, "--sample", "30");
    assert.equal(code, 0);
    assert.match(output, /^\d+ chunks checked, 0 with problems$/m);
  });
}

Deno.test("check names what is undecodable, unreachable and refused, and exits with 1", async () => {
  const folder = await Deno.makeTempDir();
  const zarray = JSON.stringify({
    zarr_format: 2,
    shape: [16],
    chunks: [4],
    dtype: "<i4",
    order: "C",
    fill_value: 0,
    filters: null,
    compressor: { id: "zlib", level: 1 },
  });
  const refs = {
    ".zgroup": '{"zarr_format":2}',
    "a/.zarray": zarray,
    "a/0": [`${ROOT}samples/ocean_2024-01.nc`, 0, 100],
    "a/1": ["gone.nc", 0, 100],
    "a/3": ["gone.nc", 100, 100],
    "a/2": ["s3://elsewhere/x/y.nc", 0, 100],
  };
  await Deno.writeTextFile(`${folder}/bad.json`, JSON.stringify({ version: 1, refs }));
  const { code, output } = await sluice(
    "check",
    `${folder}/bad.json`,
    "--origin",
    `${ROOT}samples/`,
  );
  assert.equal(code, 1);
  assert.match(output, /^\/.*\/samples\/ocean_2024-01\.nc:\na\/c\/0: chunk-invalid: .*\n\n/m);
  assert.match(
    output,
    /^\/.*\/gone\.nc:\na\/c\/1: reference-unreachable: There is no file \/.*\/gone\.nc\na\/c\/3: .*\n\n/m,
  );
  assert.match(output, /^s3:\/\/elsewhere\/x\/y\.nc:\na\/c\/2: origin-not-allowed: .*--origin/m);
  assert.match(
    output,
    /^refs point to s3:\/\/elsewhere\/x\/; allow it with --origin s3:\/\/elsewhere\/x\/$/m,
  );
  assert.match(output, /^4 chunks checked, 4 with problems$/m);
  await Deno.remove(folder, { recursive: true });
});

/** Command lines that cannot be carried out: exit code 2, nothing on standard output. */
const WRONG: Array<[args: string[], ...lines: RegExp[]]> = [
  [[], /Name a command: serve, demo/],
  [["fly"], /no command "fly"; there are serve/],
  [["insepct", "x"], /no command "insepct"; did you mean "inspect"\?/],
  [["serve"], /Name a TARGET or a --catalog/],
  [["serve", "--nonsense"], /There is no flag "--nonsense"/],
  [["serve", "x", "--prt", "1"], /There is no flag "--prt"; did you mean "--port"\?/],
  [["serve", "x", "--port"], /--port needs a value/],
  [["serve", "x", "--port", "1", "--port", "2"], /--port is there twice/],
  [["serve", "x", "--port", "http"], /Cannot listen on port "http": .* 0 to 65535/],
  [["serve", "x", "--json"], /--json does nothing for serve/],
  [["demo", "x"], /demo takes no TARGET/],
  [["permissions"], /Name the --catalog/],
  [["inspect"], /inspect takes one TARGET/],
  [["inspect", "x", "--sample", "3"], /--sample does nothing for inspect/],
  [["check", "x", "--sample", "0"], /Cannot sample "0" chunks/],
  [["serve", "nope.json"], /There is no file .*\/nope\.json$/],
  [["serve", "nope.zarr"], /There is no file .*\/nope\.zarr$/],
  [["serve", "nope/"], /There is no index in .*\/nope\/$/],
  [["serve", "nope.parq"], /There is no file .*\/nope\.parq\/\.zmetadata$/],
  [["inspect", "nope.json"], /There is no file .*\/nope\.json$/],
  [["check", "nope.json"], /There is no file .*\/nope\.json$/],
  [["inspect", "http://[/x.json"], /Cannot read "http:\/\/\[\/x\.json": it is not a URL/],
  [
    ["serve", "samples/ocean.json", "--format", "kerchunk-jsn"],
    /There is no format "kerchunk-jsn"; did you mean "kerchunk-json"\?/,
  ],
  [
    ["serve", "samples/ocean.json", "--origin", "*"],
    /Cannot use --origin \*: it is a prefix, without wildcards; e\.g\. s3:\/\/bucket\//,
  ],
  [
    ["serve", "samples/ocean.json", "--origin", "data.example.gov/x"],
    /it has no scheme; write https:\/\/data\.example\.gov\/x\/, or \.\/data\.example\.gov\/x\//,
  ],
  [["serve", "samples/ocean.json", "--origin", "ftp://h/x"], /nothing reads ftp: URLs/],
  [
    ["serve", "--catalog", "samples/catalog.json", "--origin", "s3://b/"],
    /--origin does nothing for the datasets of samples\/catalog\.json/,
  ],
  [
    ["check", "ocean", "--catalog", "samples/catalog.json", "--origin", "s3://b/"],
    /--origin does nothing for the datasets of samples\/catalog\.json/,
  ],
  [["serve", "--catalog", "/nowhere/catalog.json"], /Cannot read the catalog .*: there is no such/],
  [
    ["serve", "samples/ocean.json", "--host", "nope.invalid"],
    /Cannot listen on nope\.invalid:8000: .*lookup/,
  ],
  [
    ["serve", "samples/ocean.json", "--host", "203.0.113.9"],
    /Cannot listen on 203\.0\.113\.9:8000: Cannot assign/,
  ],
];
for (const [args, ...lines] of WRONG) {
  Deno.test(`sluice ${args.join(" ")} is wrong usage: one line, exit code 2`, async () => {
    const { code, output, errors } = await sluice(...args);
    assert.equal(output, "");
    assert.equal(errors.trimEnd().split("\n").length, lines.length, errors);
    assert.match(errors, /^sluice: /);
    for (const line of lines) assert.match(errors.trimEnd(), line);
    assert.equal(code, 2);
  });
}

Deno.test("serve on a port that is used says so, and announces nothing", async () => {
  await using used = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(),
  );
  const port = String(used.addr.port);
  const { code, output, errors } = await sluice("serve", "samples/ocean.json", "--port", port);
  assert.equal(
    errors,
    `sluice: Cannot listen on 127.0.0.1:${port}: another program does; ` +
      "choose another --port, or 0 for any\n",
  );
  assert.deepEqual([code, output], [2, ""]);
});

Deno.test("what is wrong with a catalog is told all at once, with its file, place and remedy", async () => {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      datsets: {},
      datasets: {
        a: { url: 3, orgins: [], format: "icechnk" },
        "b b": { url: "x", origins: ["s3://x", "s3://*/"] },
      },
      origins: { "foo/": { bearer: "$SLUICE_NOPE" } },
      limits: { chunkCacheByte: 3 },
    }),
  );
  const { code, output, errors } = await sluice("serve", "--catalog", file);
  await Deno.remove(file);
  assert.deepEqual([code, output], [2, ""]);
  assert.deepEqual(
    errors.trimEnd().split("\n").sort(),
    [
      'datasets.a.format: there is no format "icechnk"; did you mean "icechunk"?',
      'datasets.a.orgins: there is no such member; did you mean "origins"?',
      "datasets.a.url: string is expected",
      "datasets.b b.origins.0: a prefix must end in /",
      "datasets.b b.origins.1: a prefix has no wildcards: all that lies below it is meant",
      "datasets.b b: an id is [A-Za-z0-9._-]+, with / between segments",
      'datsets: there is no such member; did you mean "datasets"?',
      'limits.chunkCacheByte: there is no such member; did you mean "chunkCacheBytes"?',
      "origins.foo/.bearer: the environment variable SLUICE_NOPE is not set",
      "origins.foo/: a prefix is a URL, e.g. s3://bucket/",
    ].map((line) => `sluice: ${file}: ${line}`),
  );
});

/** Targets that are wrong, and what is said of each; `URL` stands for a server of the test. */
const FAULTY: Array<[target: string, code: number, message: RegExp]> = [
  ["URL/nope.json", 2, /: URL\/nope\.json answered 404: there is nothing at that URL$/],
  [
    "URL/401.json",
    1,
    /: URL\/401\.json answered 401: it wants other credentials\. Give them in a catalog: "origins": \{"URL\/": \{"bearer": "\$TOKEN"\}\}$/,
  ],
  ["URL/403.json", 1, /: URL\/403\.json answered 403: it wants other credentials\./],
  ["URL/303.json", 1, /The origin answered with a redirect \(URL\/303\.json; it answered 303\)$/],
  ["http://nope.invalid/x.json", 1, /there is no host "nope\.invalid" \(DNS\); check the name$/],
  ["http://127.0.0.1:2/x.json", 1, /nothing listens on port 2 of 127\.0\.0\.1$/],
  ["README.md", 1, /\/README\.md: it starts with "# Sluice.*"; .*--format$/],
  ["samples/catalog.json", 1, /it is no kerchunk reference set/],
];
for (const [target, expected, message] of FAULTY) {
  Deno.test(`inspect ${target} says in one line what is wrong and what to do`, async () => {
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      ({ url }) => new Response(null, { status: Number(/(\d+)\.json/.exec(url)?.[1] ?? 404) }),
    );
    const url = `http://127.0.0.1:${server.addr.port}`;
    for (const command of ["inspect", "check", "serve"]) {
      const { code, output, errors } = await sluice(command, target.replace("URL", url));
      assert.match(errors.trimEnd().replaceAll(url, "URL"), message);
      assert.equal(errors.trimEnd().split("\n").length, 1, errors);
      assert.deepEqual([code, output], [expected, ""]);
    }
  });
}

Deno.test("paths are relative to where the user stands, under deno task --config too", async () => {
  const folder = await Deno.makeTempDir({ prefix: "a b#%z" });
  await Deno.copyFile(`${ROOT}samples/ocean.json`, `${folder}/mine.json`);
  const task = ["task", "--quiet", "--config", `${ROOT}deno.json`, "sluice"];
  for (const args of [[...task], ["run", "--quiet", "-A", `${ROOT}main.ts`]]) {
    const { code, errors } = await deno([...args, "inspect", "mine.json"], folder);
    assert.equal(code, 0, errors);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("serve FILE gives what the index names beside itself and below, hidden files never", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/.ssh`);
  await Deno.mkdir(`${folder}/sub`);
  for (const name of [".ssh/id", ".netrc", "open.bin", "sub/open.bin"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "0123");
  }
  const refs = {
    ".zgroup": '{"zarr_format":2}',
    "a/.zarray":
      '{"zarr_format":2,"shape":[16],"chunks":[4],"dtype":"|u1","order":"C","fill_value":0,"filters":null,"compressor":null}',
    "a/0": ["open.bin"],
    "a/1": ["sub/open.bin", 0, 4],
    "a/2": [".ssh/id", 0, 4],
    "a/3": [`file://${folder}/.netrc`],
  };
  await Deno.writeTextFile(`${folder}/x.json`, JSON.stringify({ version: 1, refs }));
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${ROOT}main.ts`, "serve", `${folder}/x.json`, "--port", "0"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    let url: string | undefined;
    for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
      url = /http:\/\/127\.0\.0\.1:\d+\//.exec(text)?.[0];
      if (url) break;
    }
    const statuses = [];
    for (const chunk of [0, 1, 2, 3]) {
      const response = await fetch(`${url}x/a/c/${chunk}`);
      statuses.push(response.status);
      assert.equal((await response.text()) === "0123", chunk < 2);
    }
    assert.deepEqual(statuses, [200, 200, 502, 502]);
  } finally {
    server.kill("SIGTERM");
    await server.status;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("demo serves the samples and prints what to paste into xarray, GDAL and zarrita", async () => {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo", "--port", "0"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  let told = "";
  for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
    told += text;
    if (told.includes("Ctrl-C")) break;
  }
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(told)?.[0];
  try {
    for (const client of ["xr.open_zarr", "gdalmdiminfo", "zarrita"]) {
      assert.match(told, new RegExp(`${client}.*${url}ocean`), client);
    }
    const response = await fetch(`${url}ocean/zarr.json`);
    assert.equal(response.status, 200);
    await response.body?.cancel();
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
});
