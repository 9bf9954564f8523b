/** The command line's words: which command takes which flags, and what is wrong usage. */

import { parseArgs } from "node:util";
import { didYouMean } from "../src/did_you_mean.ts";

/** Wrong usage, or what was asked for cannot be had: one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `help` prints. */
export const USAGE = `sluice: archival files as plain Zarr

  serve [--catalog FILE] [--port 8000] [--host 127.0.0.1] [--origin PREFIX]... [TARGET]...
  demo  [--port 8000] [--host 127.0.0.1]    serve the bundled samples
  inspect TARGET [--json]                   what an index holds, and how it is served
  check TARGET [--sample N] [--json]        fetch a sample of chunks and say what is wrong
  permissions --catalog FILE                the Deno permissions that the catalog needs

TARGET is the path or URL of an index (kerchunk JSON or Parquet, Icechunk, Zarr), or of an HDF5 or
NetCDF file.
  --catalog FILE    datasets, origins and limits; TARGET of inspect and check may then be an id
  --origin PREFIX   a prefix that references may point to, e.g. s3://bucket/folder/
  --format NAME     the format of TARGET, where sniffing is not wanted
`;

const FLAGS = {
  catalog: { type: "string" },
  port: { type: "string" },
  host: { type: "string" },
  origin: { type: "string", multiple: true },
  format: { type: "string" },
  json: { type: "boolean" },
  sample: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Command → the flags that do something for it. */
const COMMANDS: Readonly<Record<string, ReadonlyArray<keyof typeof FLAGS>>> = {
  serve: ["catalog", "port", "host", "origin", "format"],
  demo: ["port", "host"],
  inspect: ["catalog", "origin", "format", "json"],
  check: ["catalog", "origin", "format", "json", "sample"],
  permissions: ["catalog", "port", "host"],
  help: [],
};

export interface CommandLine {
  readonly command: string;
  /** What stands beside the flags: paths, URLs, ids. */
  readonly targets: readonly string[];
  readonly catalog?: string;
  /** TCP port; 0 for any that is free. */
  readonly port: number;
  /** Name or address to listen on, IPv6 without brackets. */
  readonly host: string;
  readonly origins: readonly string[];
  readonly format?: string;
  readonly json: boolean;
  /** Chunks to check at most, over all arrays. */
  readonly sample: number;
}

export function parseCommandLine(args: readonly string[]): CommandLine {
  const [name, ...rest] = args;
  const command = name === "--help" || name === "-h" || rest.includes("--help") ? "help" : name;
  if (command === undefined) throw new UsageError(`Name a command: ${listed(COMMANDS)}`);
  if (!Object.hasOwn(COMMANDS, command)) {
    throw new UsageError(
      `There is no command "${command}"${didYouMean(command, Object.keys(COMMANDS))}`,
    );
  }
  const { values, positionals, tokens } = parsed(rest);
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(FLAGS, name)) {
      const flags = Object.keys(FLAGS).map((flag) => `--${flag}`);
      throw new UsageError(`There is no flag "${rawName}"${didYouMean(rawName, flags)}`);
    }
    const flag = FLAGS[name as keyof typeof FLAGS];
    if (name !== "help" && command !== "help" && !COMMANDS[command].includes(name as "catalog")) {
      throw new UsageError(`${rawName} does nothing for ${command}`);
    }
    if (flag.type === "string" && !value) throw new UsageError(`${rawName} needs a value`);
    if (flag.type === "boolean" && value !== undefined) {
      throw new UsageError(`${rawName} takes no value`);
    }
    if (seen.has(name) && !("multiple" in flag)) throw new UsageError(`${rawName} is there twice`);
    seen.add(name);
  }
  const text = values as Record<string, string | undefined>;
  return {
    command: values.help ? "help" : command,
    targets: positionals,
    catalog: text.catalog,
    port: wholeNumber(text.port ?? "8000", 0, 65535, (port) => `Cannot listen on port "${port}"`),
    host: (text.host ?? "127.0.0.1").replace(/^\[(.*)\]$/, "$1"),
    origins: (values.origin ?? []) as string[],
    format: text.format,
    json: values.json === true,
    sample: wholeNumber(text.sample ?? "20", 1, 2 ** 31, (n) => `Cannot sample "${n}" chunks`),
  };
}

function parsed(args: string[]) {
  const { values, positionals, tokens } = parseArgs({
    args,
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: FLAGS,
  });
  return { values: values as Record<string, unknown>, positionals, tokens };
}

function wholeNumber(
  text: string,
  least: number,
  most: number,
  wrong: (text: string) => string,
): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${wrong(text)}: it is a whole number from ${least} to ${most}`);
}

function listed(table: Readonly<Record<string, unknown>>): string {
  return Object.keys(table).join(", ");
}
