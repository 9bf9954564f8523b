/** The datasets of test/peers/cases, written anew and served by a gateway of its own process. */

import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { serveFiles } from "./range_server.ts";

/** One array of a case and what it must read as. */
export interface ExpectedArray {
  readonly path: string;
  readonly shape: number[];
  /** NumPy's name, little-endian; `string` for strings. */
  readonly dtype: string;
  /** A file of the case's folder: raw values in C order, or a JSON list of strings. */
  readonly expected: string;
  readonly tier: string | null;
  /** Clients that cannot read it; or the only ones that can. */
  readonly skip: string[];
  readonly only?: string[];
  readonly missing: number[][];
}

/** A dataset: a folder with indexes over its files. */
export interface Case {
  readonly name: string;
  /** Kind of index (`json`, `parquet`, `zarr`) → its name in the folder. */
  readonly targets: Record<string, string>;
  readonly arrays: ExpectedArray[];
  /** Arrays whose `bad` rows cannot be read while the `good` ones, `values`, can. */
  readonly faults: Array<{ path: string; good: number[]; bad: number[]; values: number[][] }>;
}

/** A case as the gateway serves it. */
export interface ServedCase {
  readonly id: string;
  readonly kind: string;
  readonly case: Case;
}

/** A running gateway over all cases. */
export interface ServedCases {
  /** Without a slash at its end. */
  readonly url: string;
  /** The folder of the cases, here and in the root. */
  readonly folder: { host: string; inside: string };
  readonly served: ServedCase[];
  close(): Promise<void>;
}

// Over which origin each kind of index is served; a case named here is served over both. A store
// over HTTP cannot be listed, so only those that need no listing are.
const ORIGIN: Record<string, string> = { json: "file", parquet: "http", zarr: "file" };
const BOTH = [
  "ocean",
  "netcdf-basic",
  "v2-types",
  "unreachable",
  "zarr-v2-consolidated",
  "zarr-v2-root-array",
  "zarr-v3-root-array",
];

/** Writes the cases in the peers' root and serves them: `main.ts serve --catalog …`. */
export async function serveCases(): Promise<ServedCases> {
  const shared = await sharedFolder();
  const files = serveFiles(`${shared.host}/cases`);
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    await copyFolder(peersFile("../../samples"), `${shared.host}/samples`);
    const made = await runInRoot([
      "python3",
      `${shared.inside}/peers/make_cases.py`,
      `${shared.inside}/cases`,
      `${shared.inside}/samples`,
    ]);
    if (!made.success) throw new Error(`make_cases.py failed:\n${made.errors}`);
    console.log(`cases: ${made.output.trim()}`);
    const host = `${shared.host}/cases`;
    const cases: Case[] = JSON.parse(await Deno.readTextFile(`${host}/cases.json`));
    const datasets: Record<string, { url: string; origins: string[] }> = {};
    const served: ServedCase[] = [];
    for (const one of cases) {
      for (const [kind, target] of Object.entries(one.targets)) {
        const origins = BOTH.includes(one.name) ? ["file", "http"] : [ORIGIN[kind]];
        for (const origin of origins) {
          const base = origin === "file"
            ? `file://${host}/${one.name}/`
            : `${files.url}${one.name}/`;
          const id = `${kind}-${origin}/${one.name}`;
          datasets[id] = { url: base + target, origins: [base] };
          served.push({ id, kind, case: one });
        }
      }
    }
    await Deno.writeTextFile(`${shared.host}/catalog.json`, JSON.stringify({ datasets }, null, 1));
    await Deno.writeTextFile(
      `${host}/served.json`,
      JSON.stringify(served.map((entry) => ({ ...entry, case: entry.case.name }))),
    );
    const gateway = await startGateway(`${shared.host}/catalog.json`, `${shared.host}/log`);
    return {
      url: gateway.url,
      folder: { host, inside: `${shared.inside}/cases` },
      served,
      async close() {
        await gateway.stop();
        await files.close();
        await Deno.remove(shared.host, { recursive: true });
      },
    };
  } catch (error) {
    await files.close();
    await Deno.remove(shared.host, { recursive: true });
    throw error;
  }
}

/** Starts the command line as a user would; its log goes to the file `log`. */
export async function startGateway(
  catalog: string,
  log: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      "--allow-read",
      "--allow-env",
      peersFile("../../main.ts"),
      "serve",
      ...["--catalog", catalog, "--port", "0"],
    ],
    cwd: peersFile("../.."),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const logged = Deno.open(log, { create: true, write: true }).then((file) =>
    process.stderr.pipeTo(file.writable)
  );
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!/http:\/\/\S+/.test(said)) {
    const { value, done } = await reader.read();
    if (done) {
      await logged;
      throw new Error(`The gateway did not start:\n${said}${await Deno.readTextFile(log)}`);
    }
    said += value;
  }
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    url: /http:\/\/[^/\s]+/.exec(said)![0],
    async stop() {
      process.kill("SIGTERM");
      await process.status;
      await Promise.all([logged, rest]);
    },
  };
}
