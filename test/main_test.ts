import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url).pathname;

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

async function sluice(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${ROOT}main.ts`, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
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
  assert.match(output, /^a\/c\/0: chunk-invalid: /m);
  assert.match(output, /^a\/c\/1: reference-unreachable: /m);
  assert.match(output, /^a\/c\/2: origin-not-allowed: /m);
  assert.match(
    output,
    /^refs point to s3:\/\/elsewhere\/x\/; allow it with --origin s3:\/\/elsewhere\/x\/$/m,
  );
  assert.match(output, /^3 chunks checked, 3 with problems$/m);
  await Deno.remove(folder, { recursive: true });
});

const WRONG: Array<[args: string[], message: RegExp]> = [
  [[], /Name a command/],
  [["fly"], /no command "fly"/],
  [["serve"], /Name a TARGET/],
  [["serve", "--catalog", "/nowhere/catalog.json"], /Cannot read the catalog/],
  [["serve", "x", "--port", "http"], /Cannot listen on port "http"/],
  [["inspect"], /takes one TARGET/],
  [["check", "x", "--sample", "0"], /Cannot sample "0"/],
  [["serve", "--nonsense"], /nonsense/],
];
for (const [args, message] of WRONG) {
  Deno.test(`sluice ${args.join(" ")} is wrong usage: exit code 2`, async () => {
    const { code, errors } = await sluice(...args);
    assert.equal(code, 2);
    assert.match(errors, message);
  });
}

Deno.test("a fault is one line and exit code 1", async () => {
  const { code, errors } = await sluice("inspect", "/nowhere/at/all.json");
  assert.equal(code, 1);
  assert.match(errors, /^sluice: reference-unreachable: .*\n$/);
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
