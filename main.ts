/**
 * Sluice's command line, and its fetch handler for `deno serve`.
 *
 * ```
 * main.ts serve [--catalog FILE] [--port 8000] [--host 127.0.0.1] [--origin PREFIX]… [TARGET]…
 * main.ts demo [--port 8000] [--host 127.0.0.1]
 * main.ts inspect TARGET [--json]
 * main.ts check TARGET [--sample N] [--json]
 * main.ts permissions --catalog FILE
 * ```
 *
 * Exit codes: 0 fine, 1 found problems, 2 wrong usage or no such TARGET.
 */

import { pathToFileURL } from "node:url";
import { connectingFetch } from "./deploy/deno_fetch.ts";
import { denoResolve } from "./deploy/deno_resolve.ts";
import { denoFiles } from "./deploy/deno_files.ts";
import { type CommandLine, parseCommandLine, USAGE, UsageError } from "./deploy/command_line.ts";
import { checkCommand, inspectCommand, openTarget } from "./deploy/commands.ts";
import { explain } from "./src/tools/explain.ts";
import { HttpListener } from "./deploy/listener.ts";
import { createGateway, type Gateway } from "./deploy/gateway.ts";
import { permissionFlags, shellWords, variablesOf } from "./deploy/permissions.ts";
import { catalogForTargets, describeTargets, targetUrl } from "./deploy/targets.ts";
import type { Connection } from "./handlers/app.ts";
import { FORMATS } from "./manifests/mod.ts";
import {
  type CatalogConfig,
  CatalogError,
  type Limits,
  parseCatalog,
} from "./src/catalog/catalog_file.ts";
import { didYouMean } from "./src/did_you_mean.ts";
import { SluiceError } from "./src/errors.ts";
import { jsonLog } from "./src/log.ts";

const log = jsonLog((line) => console.error(line));
const platform = { log, files: denoFiles, freshFetch: connectingFetch(), resolve: denoResolve };

/** The folder that paths are relative to: where the user stands. */
function standingFolder(): URL {
  const cwd = Deno.cwd();
  // `deno task --config` runs in the folder of its deno.json, and tells where it was called.
  const mayAsk = Deno.permissions.querySync({ name: "env", variable: "INIT_CWD" });
  const isTask = cwd === import.meta.dirname && mayAsk.state === "granted";
  return pathToFileURL(`${isTask && Deno.env.get("INIT_CWD") || cwd}/`);
}

/** A catalog, and which of its datasets the command line added. */
interface Loaded {
  readonly config: CatalogConfig;
  /** What its relative URLs are relative to. */
  readonly base: URL;
  /** Its text, if it is a file. */
  readonly text: string;
  /** Ids of the targets, in order. */
  readonly targets: readonly string[];
}

/** The catalog of a command: the file's, with the targets of the command line added. */
async function loadCatalog(line: Omit<CommandLine, "command">): Promise<Loaded> {
  const cwd = standingFolder();
  const formats = FORMATS.map(({ name }) => name);
  if (line.format !== undefined && !formats.includes(line.format)) {
    throw new UsageError(`There is no format "${line.format}"${didYouMean(line.format, formats)}`);
  }
  if (line.catalog === undefined) {
    const config = catalogForTargets(line.targets, cwd, line);
    return { config, base: cwd, text: "", targets: Object.keys(config.datasets) };
  }
  const base = targetUrl(line.catalog, cwd);
  const text = await Deno.readTextFile(base).catch((cause) => {
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : cause.message;
    throw new UsageError(`Cannot read the catalog ${line.catalog}: ${why}`);
  });
  const config = catalogOf(text, line.catalog, formats);
  const isKnown = (target: string) => Object.hasOwn(config.datasets, target);
  const added = line.targets.filter((target) => !isKnown(target));
  if (added.length === 0) {
    const idle = line.origins.length > 0 ? "--origin" : line.format && "--format";
    if (idle) {
      throw new UsageError(
        `${idle} does nothing for the datasets of ${line.catalog}: name origins and formats there`,
      );
    }
  }
  const extra = catalogForTargets(added, cwd, line, config.datasets);
  const ids = Object.keys(extra.datasets);
  const targets = line.targets.map((target) => isKnown(target) ? target : ids.shift()!);
  const datasets = { ...config.datasets, ...extra.datasets };
  return { config: { ...config, datasets }, base, text, targets };
}

function catalogOf(text: string, file: string, formats: string[]): CatalogConfig {
  try {
    return parseCatalog(text, (name) => Deno.env.get(name), formats);
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    throw new UsageError(error.problems.map((problem) => `${file}: ${problem}`).join("\n"));
  }
}

/** Serves until it is told to stop. @param announce is told the URL once requests are taken */
function listen(
  gateway: Gateway,
  { connections, requestTimeoutMs }: Limits,
  { host, port }: CommandLine,
  announce: (url: string) => void,
): Promise<void> {
  const name = host.includes(":") ? `[${host}]` : host;
  let server: HttpListener;
  try {
    server = new HttpListener(
      { hostname: host, port, connections, patienceMs: requestTimeoutMs, log },
      (request, connection) => gateway.fetch(request, connection),
    );
  } catch (cause) {
    const why = cause instanceof Deno.errors.AddrInUse
      ? "another program does; choose another --port, or 0 for any"
      : (cause as Error).message;
    throw new UsageError(`Cannot listen on ${name}:${port}: ${why}`);
  }
  announce(`http://${name}:${server.port}/`);
  const stop = () => {
    gateway.stop();
    server.shutdown();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  return server.finished;
}

async function serve(line: CommandLine): Promise<number> {
  if (line.catalog === undefined && line.targets.length === 0) {
    throw new UsageError("Name a TARGET or a --catalog to serve");
  }
  const { config, base, targets } = await loadCatalog(line);
  const gateway = createGateway(config, base, platform);
  await Promise.all(targets.map((id) => openTarget(gateway.catalog.get(id))));
  await listen(gateway, config.limits, line, (url) => console.log(describeTargets(config, url)));
  return 0;
}

async function demo(line: CommandLine): Promise<number> {
  const base = new URL("./samples/catalog.json", import.meta.url);
  const config = parseCatalog(await Deno.readTextFile(base), () => undefined);
  const gateway = createGateway(config, base, platform);
  await listen(gateway, config.limits, line, (url) => {
    const json = `${url}ocean`;
    console.log(`Sluice is serving the bundled samples on ${url}

Paste one of these into another terminal:

  xarray    python3 -c 'import xarray as xr; print(xr.open_zarr("${json}"))'
  GDAL      gdalmdiminfo 'ZARR:"/vsicurl/${json}"'
  zarrita   npx -y deno@2.9.6 eval 'import * as z from "npm:zarrita@0.7.5"; const a = await z.open(new z.FetchStore("${json}/thetao")); console.log((await z.get(a, [0, 0, null, null])).data)'

The same from kerchunk Parquet: ${url}ocean-parquet, its first file alone: ${url}ocean-file
A Cloud Optimized GeoTIFF: ${url}relief   Stop with Ctrl-C.`);
  });
  return 0;
}

async function permissions(line: CommandLine): Promise<number> {
  if (line.catalog === undefined) throw new UsageError("Name the --catalog to serve");
  const { config, base, text } = await loadCatalog(line);
  const flags = await permissionFlags(config, base, {
    listen: `${line.host.includes(":") ? `[${line.host}]` : line.host}:${line.port}`,
    variables: variablesOf(text),
    file: decodeURIComponent(base.pathname),
  });
  console.log(shellWords(flags));
  return 0;
}

async function inspectOrCheck(line: CommandLine): Promise<number> {
  if (line.targets.length !== 1) throw new UsageError(`${line.command} takes one TARGET`);
  const { config, base, targets: [id] } = await loadCatalog(line);
  const dataset = createGateway(config, base, platform).catalog.get(id);
  return line.command === "inspect"
    ? await inspectCommand(dataset, line.json)
    : await checkCommand(dataset, line.sample, line.json);
}

async function main(args: string[]): Promise<number> {
  const line = parseCommandLine(args);
  switch (line.command) {
    case "serve":
      return await serve(line);
    case "inspect":
    case "check":
      return await inspectOrCheck(line);
  }
  if (line.targets.length > 0 && line.command !== "help") {
    throw new UsageError(`${line.command} takes no TARGET`);
  }
  switch (line.command) {
    case "demo":
      return await demo(line);
    case "permissions":
      return await permissions(line);
    default:
      console.log(USAGE);
      return 0;
  }
}

/** Runs a command; its faults become lines and an exit code. */
async function run(args: string[]): Promise<number> {
  try {
    return await main(args);
  } catch (error) {
    if (error instanceof UsageError) {
      for (const problem of error.message.split("\n")) console.error(`sluice: ${problem}`);
      return 2;
    }
    if (!(error instanceof SluiceError)) throw error;
    console.error(`sluice: ${error.code}: ${explain(error)}`);
    return error.code === "bad-request" ? 2 : 1;
  }
}

/** Looks the client's address up only if it is asked for: most catalogs set no rate by address. */
function connectionOf(info: Deno.ServeHandlerInfo<Deno.NetAddr>): Connection {
  return {
    get address() {
      return info.remoteAddr.hostname;
    },
  };
}

let served: Promise<Gateway> | undefined;

/** For `deno serve main.ts`: the catalog is named by the environment variable `SLUICE_CATALOG`. */
export default {
  async fetch(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    served ??= (async () => {
      const catalog = Deno.env.get("SLUICE_CATALOG");
      if (catalog === undefined) throw new UsageError("Set SLUICE_CATALOG to a catalog file");
      const { config, base } = await loadCatalog(parseCommandLine(["serve", "--catalog", catalog]));
      return createGateway(config, base, platform);
    })();
    return await (await served).fetch(request, connectionOf(info));
  },
};

// Under `deno serve` this is the main module too, without arguments but with a catalog to serve.
if (import.meta.main && (Deno.args.length > 0 || !Deno.env.has("SLUICE_CATALOG"))) {
  Deno.exit(await run(Deno.args));
}
