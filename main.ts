/**
 * Sluice's command line, and its fetch handler for `deno serve`.
 *
 * ```
 * main.ts serve [--catalog FILE] [--port 8000] [--host 127.0.0.1] [--origin PREFIX]… [TARGET]…
 * main.ts demo [--port 8000]
 * main.ts inspect TARGET [--json]
 * main.ts check TARGET [--sample N]
 * main.ts permissions --catalog FILE
 * ```
 *
 * Exit codes: 0 fine, 1 found problems, 2 wrong usage.
 */

import { parseArgs } from "node:util";
import { connectingFetch } from "./deploy/deno_fetch.ts";
import { denoFiles } from "./deploy/deno_files.ts";
import { checkCommand, inspectCommand } from "./deploy/commands.ts";
import { createGateway, type Gateway } from "./deploy/gateway.ts";
import { permissionFlags, variablesOf } from "./deploy/permissions.ts";
import { catalogForTargets, describeTargets } from "./deploy/targets.ts";
import type { Connection } from "./handlers/app.ts";
import { type CatalogConfig, CatalogError, parseCatalog } from "./src/catalog/catalog_file.ts";
import { SluiceError } from "./src/errors.ts";
import { jsonLog } from "./src/log.ts";

const USAGE = `sluice: archival files as plain Zarr

  serve [--catalog FILE] [--port 8000] [--host 127.0.0.1] [--origin PREFIX]... [TARGET]...
  demo  [--port 8000]                       serve the bundled samples
  inspect TARGET [--json]                   what an index holds, and how it is served
  check TARGET [--sample N]                 fetch a sample of chunks and say what is wrong
  permissions --catalog FILE                the Deno permissions that the catalog needs

TARGET is the path or URL of an index (kerchunk JSON or Parquet, Icechunk, Zarr).
  --catalog FILE    datasets, origins and limits; TARGET of inspect and check may then be an id
  --origin PREFIX   a prefix that references may point to, e.g. s3://bucket/folder/
  --format NAME     the format of TARGET, where sniffing is not wanted
`;

/** Wrong usage: exit code 2. */
class UsageError extends Error {}

const log = jsonLog((line) => console.error(line));
const platform = { log, files: denoFiles, freshFetch: connectingFetch() };

function options(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        catalog: { type: "string" },
        port: { type: "string", default: "8000" },
        host: { type: "string", default: "127.0.0.1" },
        origin: { type: "string", multiple: true, default: [] },
        format: { type: "string" },
        json: { type: "boolean", default: false },
        sample: { type: "string", default: "20" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    throw new UsageError((cause as Error).message);
  }
}

type Options = ReturnType<typeof options>["values"];

/** The catalog of a command: the file's, with the targets of the command line added. */
async function loadCatalog(
  values: Options,
  targets: string[],
): Promise<{ config: CatalogConfig; base: URL }> {
  const cwd = new URL(`file://${Deno.cwd()}/`);
  if (values.catalog === undefined) {
    return { config: catalogForTargets(targets, cwd, values), base: cwd };
  }
  const url = new URL(values.catalog, cwd);
  const text = await Deno.readTextFile(url).catch((cause) => {
    throw new UsageError(`Cannot read the catalog ${values.catalog}: ${cause.message}`);
  });
  const config = parseCatalog(text, (name) => Deno.env.get(name));
  const added = targets.filter((target) => !Object.hasOwn(config.datasets, target));
  const extra = catalogForTargets(added, cwd, values);
  const datasets = { ...config.datasets, ...extra.datasets };
  return { config: { ...config, datasets }, base: url };
}

function listen(gateway: Gateway, values: Options, opened: (url: string) => void): Promise<void> {
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UsageError(`Cannot listen on port "${values.port}"`);
  }
  const server = Deno.serve({
    port,
    hostname: values.host,
    onListen: ({ port }) => opened(`http://${values.host}:${port}/`),
    // What failed before its headers has its problem document already; this is a body that broke off.
    onError: (error) => {
      log("response-aborted", {}, error);
      return new Response(null, { status: 500 });
    },
  }, (request, info) => gateway.fetch(request, connectionOf(info)));
  const stop = () => {
    gateway.stop();
    server.shutdown();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  return server.finished;
}

async function serve(values: Options, targets: string[]): Promise<number> {
  if (values.catalog === undefined && targets.length === 0) {
    throw new UsageError("Name a TARGET or a --catalog to serve");
  }
  const { config, base } = await loadCatalog(values, targets);
  const gateway = createGateway(config, base, platform);
  await listen(gateway, values, (url) => console.log(describeTargets(config, url)));
  return 0;
}

async function demo(values: Options): Promise<number> {
  const base = new URL("./samples/catalog.json", import.meta.url);
  const config = parseCatalog(await Deno.readTextFile(base), () => undefined);
  const gateway = createGateway(config, base, platform);
  await listen(gateway, values, (url) => {
    const json = `${url}ocean`;
    console.log(`Sluice is serving the bundled samples on ${url}

Paste one of these into another terminal:

  xarray    python3 -c 'import xarray as xr; print(xr.open_zarr("${json}"))'
  GDAL      gdalmdiminfo 'ZARR:"/vsicurl/${json}"'
  zarrita   npx -y deno@2.9.6 eval 'import * as z from "npm:zarrita@0.7.5"; const a = await z.open(new z.FetchStore("${json}/thetao")); console.log((await z.get(a, [0, 0, null, null])).data)'

The same from kerchunk Parquet: ${url}ocean-parquet   Stop with Ctrl-C.`);
  });
  return 0;
}

async function permissions(values: Options, targets: string[]): Promise<number> {
  const { config, base } = await loadCatalog(values, targets);
  const text = values.catalog === undefined ? "" : await Deno.readTextFile(values.catalog);
  const flags = await permissionFlags(config, base, {
    listen: `${values.host}:${values.port}`,
    variables: variablesOf(text),
    file: values.catalog,
  });
  console.log(flags.join(" "));
  return 0;
}

async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  const { values, positionals } = options(rest);
  if (values.help || command === "help" || command === "--help" || command === "-h") {
    console.log(USAGE);
    return 0;
  }
  switch (command) {
    case "serve":
      return await serve(values, positionals);
    case "demo":
      return await demo(values);
    case "permissions":
      return await permissions(values, positionals);
    case "inspect":
    case "check": {
      if (positionals.length !== 1) throw new UsageError(`${command} takes one TARGET`);
      const { config, base } = await loadCatalog(values, positionals);
      const { catalog } = createGateway(config, base, platform);
      const id = Object.hasOwn(config.datasets, positionals[0])
        ? positionals[0]
        : Object.keys(config.datasets).at(-1)!;
      const sample = Number(values.sample);
      if (!Number.isInteger(sample) || sample < 1) {
        throw new UsageError(`Cannot sample "${values.sample}" chunks`);
      }
      return command === "inspect"
        ? await inspectCommand(catalog.get(id), values.json)
        : await checkCommand(catalog.get(id), sample, values.json);
    }
    default:
      throw new UsageError(command ? `There is no command "${command}"` : "Name a command");
  }
}

/** Runs a command; its faults become one line and an exit code. */
async function run(args: string[]): Promise<number> {
  try {
    return await main(args);
  } catch (error) {
    if (error instanceof UsageError || error instanceof CatalogError) {
      console.error(`sluice: ${error.message}`);
      if (error instanceof UsageError) console.error(`\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof SluiceError)) throw error;
    console.error(`sluice: ${error.code}: ${error.message}`);
    return 1;
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
      const { config, base } = await loadCatalog(options(["--catalog", catalog]).values, []);
      return createGateway(config, base, platform);
    })();
    return await (await served).fetch(request, connectionOf(info));
  },
};

// Under `deno serve` this is the main module too, without arguments but with a catalog to serve.
if (import.meta.main && (Deno.args.length > 0 || !Deno.env.has("SLUICE_CATALOG"))) {
  Deno.exit(await run(Deno.args));
}
