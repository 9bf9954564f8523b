/** The catalog file: which datasets exist, what their references may reach, with which credentials. */

import { parse as parseJsonc, type ParseError, printParseErrorCode } from "jsonc-parser";
import * as v from "valibot";
import { didYouMean } from "../did_you_mean.ts";
import type { OriginSettings } from "../origin/settings.ts";

export class CatalogError extends Error {
  override readonly name = "CatalogError";

  /** Takes all that is wrong, each with its JSON path or line first. */
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** What a dataset id may look like: segments of `[A-Za-z0-9._-]`, with `/` between them. */
export const DATASET_ID =
  /^(?!\.\.?(\/|$)|-(\/|$))[A-Za-z0-9._-]+(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)*$/;

/** One dataset of a catalog file, with its defaults filled in; URLs as written. */
export interface DatasetConfig {
  /** Path or URL of the index or the archival file, relative to the catalog file. */
  readonly url: string;
  /** Name of the index format, e.g. `kerchunk-parquet`; undefined: it is sniffed. */
  readonly format?: string;
  /** What people call it; undefined: its id. */
  readonly title?: string;
  readonly description?: string;
  /** What the data may be used under, e.g. `CC-BY-4.0`. */
  readonly license?: string;
  /**
   * URL prefixes, each ending in `/`, that its references may lead to beside the index itself; none by
   * default. Nothing else is ever fetched.
   */
  readonly origins: readonly string[];
  /** Seconds for which an index that may change is used, and an answer may be kept; 60 by default. */
  readonly maxAge: number;
  /**
   * Seconds for which an index that was good is served on, beyond `maxAge`, while it cannot be looked
   * at; 0 by default: what it points to could have moved meanwhile.
   */
  readonly staleIfError: number;
  /** Icechunk: the branch to serve where the URL names no version; undefined: `main`. */
  readonly branch?: string;
  /** Whether files are held to the state in which they were first read; true by default. */
  readonly validate: boolean;
  /** Bearer tokens, any of which opens the dataset; undefined: everybody may read it. */
  readonly tokens?: readonly string[];
}

export interface Limits {
  /** Bytes that all opened indexes together may hold; 64 MiB by default. */
  readonly indexCacheBytes: number;
  /** Bytes that chunks read repeatedly may hold, 0 for none; 64 MiB by default. */
  readonly chunkCacheBytes: number;
  /** Reads of one host that may be under way; 64 by default. */
  readonly concurrentPerOrigin: number;
  /**
   * Milliseconds until a read has its headers, retries included, and again until its last byte; 30,000
   * by default.
   */
  readonly requestTimeoutMs: number;
  /** Bytes of answers that wait in memory for their clients; 256 MiB by default, 32 MiB in a Worker. */
  readonly responseBytes?: number;
  /** Bytes that may be held for decoding at one time; 256 MiB by default, 32 MiB in a Worker. */
  readonly decodeBytes?: number;
  /** Bytes that decoding one chunk may hold; 1 GiB by default, 128 MiB in a Worker. */
  readonly maxChunkBytes?: number;
  /** Connections of clients at one time; 512 by default. Each is a file descriptor, as is each read. */
  readonly connections: number;
  /** Requests a second that one bearer token may make on average; undefined: any number. */
  readonly requestsPerSecondPerToken?: number;
  /** Requests a second that one client address may make on average; undefined: any number. */
  readonly requestsPerSecondPerAddress?: number;
}

export interface CatalogConfig {
  /** URL of a JSON schema, for editors; not read. */
  readonly $schema?: string;
  readonly datasets: Readonly<Record<string, DatasetConfig>>;
  /** URL prefix, ending in `/` → where that store is and who we are to it; the longest prefix counts. */
  readonly origins: Readonly<Record<string, OriginSettings>>;
  readonly limits: Limits;
}

type SchemaOf<T> = v.GenericSchema<unknown, T>;
/** A schema for each member of `T`, and for nothing else. */
type Members<T> = Record<keyof T, v.GenericSchema>;

const count = v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(0));
const prefix = v.pipe(
  v.string(),
  v.endsWith("/", "a prefix must end in /"),
  v.excludes("*", "a prefix has no wildcards: all that lies below it is meant"),
);
const urlPrefix = v.pipe(
  prefix,
  v.check((text) => URL.canParse(text), "a prefix is a URL, e.g. s3://bucket/"),
);

const DatasetSchema: SchemaOf<DatasetConfig> = v.object(
  {
    url: v.pipe(v.string(), v.minLength(1)),
    format: v.optional(v.string()),
    title: v.optional(v.string()),
    description: v.optional(v.string()),
    license: v.optional(v.string()),
    origins: v.optional(v.array(prefix), []),
    maxAge: v.optional(count, 60),
    staleIfError: v.optional(count, 0),
    branch: v.optional(v.string()),
    validate: v.optional(v.boolean(), true),
    tokens: v.optional(v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1))),
  } satisfies Members<DatasetConfig>,
);

const OriginSchema: SchemaOf<OriginSettings> = v.object(
  {
    region: v.optional(v.string()),
    endpoint: v.optional(v.pipe(v.string(), v.url("must be a URL"))),
    anonymous: v.optional(v.boolean()),
    pathStyle: v.optional(v.boolean()),
    accessKeyId: v.optional(v.string()),
    secretAccessKey: v.optional(v.string()),
    sessionToken: v.optional(v.string()),
    account: v.optional(v.string()),
    requesterPays: v.optional(v.union([v.boolean(), v.string()])),
    bearer: v.optional(v.string()),
    basic: v.optional(v.object({ user: v.string(), password: v.string() })),
    headers: v.optional(v.record(v.string(), v.string())),
    sas: v.optional(v.string()),
    privateAddresses: v.optional(v.boolean()),
    redirects: v.optional(v.array(v.string())),
  } satisfies Members<OriginSettings>,
);

const LimitsSchema: SchemaOf<Limits> = v.object(
  {
    indexCacheBytes: v.optional(count, 64 * 2 ** 20),
    chunkCacheBytes: v.optional(count, 64 * 2 ** 20),
    concurrentPerOrigin: v.optional(v.pipe(count, v.minValue(1)), 64),
    requestTimeoutMs: v.optional(v.pipe(count, v.minValue(1)), 30_000),
    responseBytes: v.optional(v.pipe(count, v.minValue(1))),
    decodeBytes: v.optional(v.pipe(count, v.minValue(1))),
    maxChunkBytes: v.optional(v.pipe(count, v.minValue(1))),
    connections: v.optional(v.pipe(count, v.minValue(1)), 512),
    requestsPerSecondPerToken: v.optional(v.pipe(v.number(), v.gtValue(0))),
    requestsPerSecondPerAddress: v.optional(v.pipe(v.number(), v.gtValue(0))),
  } satisfies Members<Limits>,
);

const CatalogSchema: SchemaOf<CatalogConfig> = v.object(
  {
    $schema: v.optional(v.string()),
    datasets: v.record(
      v.pipe(v.string(), v.regex(DATASET_ID, "an id is [A-Za-z0-9._-]+, with / between segments")),
      DatasetSchema,
    ),
    origins: v.optional(v.record(urlPrefix, OriginSchema), {}),
    limits: v.optional(LimitsSchema, {}),
  } satisfies Members<CatalogConfig>,
);

export const DEFAULT_LIMITS: Limits = v.parse(LimitsSchema, {});

export function datasetDefaults(url: string, origins: string[]): DatasetConfig {
  return v.parse(DatasetSchema, { url, origins });
}

/**
 * Parses and validates a catalog file (JSON; comments and trailing commas are allowed).
 *
 * @param environment looks up `$NAME` values
 * @param formats names of the index formats; undefined: any name will do
 * @throws CatalogError with everything that is wrong, e.g. `datasets.mur.url: it is missing`
 */
export function parseCatalog(
  text: string,
  environment: (name: string) => string | undefined,
  formats?: readonly string[],
): CatalogConfig {
  const errors: ParseError[] = [];
  const raw = parseJsonc(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) {
    const line = text.slice(0, errors[0].offset).split("\n").length;
    throw new CatalogError([`line ${line}: not JSON: ${printParseErrorCode(errors[0].error)}`]);
  }
  const problems: string[] = [];
  const expanded = expandEnvironment(raw, "", environment, problems);
  problems.push(...unknownMembers(CatalogSchema as AnySchema, expanded, ""));
  const { success, output, issues } = v.safeParse(CatalogSchema, expanded);
  for (const issue of issues ?? []) {
    const path = v.getDotPath(issue) ?? "the catalog";
    // What was found is not told: it may be a secret out of the environment.
    const isPlain = issue.message.startsWith("Invalid");
    const missing = issue.received === "undefined";
    const what = missing ? "it is missing" : `${issue.expected} is expected`;
    const problem = `${path}: ${isPlain || missing ? what : issue.message}`;
    if (!problems.some((known) => known.startsWith(`${path}: `))) problems.push(problem);
  }
  for (
    const [id, dataset] of Object.entries((expanded as Partial<CatalogConfig>)?.datasets ?? {})
  ) {
    const format = dataset?.format;
    if (typeof format !== "string" || (formats?.includes(format) ?? true)) continue;
    problems.push(
      `datasets.${id}.format: there is no format "${format}"${didYouMean(format, formats!)}`,
    );
  }
  if (!success || problems.length > 0) throw new CatalogError(problems);
  return output;
}

/** What of a schema tells the members that there are. */
interface AnySchema {
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly value?: AnySchema;
  readonly wrapped?: AnySchema;
}

/** The members of `value` that the schema does not know, and what may have been meant. */
function* unknownMembers(schema: AnySchema, value: unknown, path: string): Generator<string> {
  const { entries, value: each } = schema.wrapped ?? schema;
  if (!(entries || each) || typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const known = entries ? Object.hasOwn(entries, name) && entries[name] : each;
    const place = path ? `${path}.${name}` : name;
    if (known) yield* unknownMembers(known, member, place);
    else yield `${place}: there is no such member${didYouMean(name, Object.keys(entries!))}`;
  }
}

/** Replaces each string that is `$NAME` as a whole by the variable's value. */
function expandEnvironment(
  value: unknown,
  path: string,
  environment: (name: string) => string | undefined,
  problems: string[],
): unknown {
  const expand = (item: unknown, name: string | number) =>
    expandEnvironment(item, path ? `${path}.${name}` : String(name), environment, problems);
  if (typeof value === "string") {
    const name = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
    if (name === undefined) return value;
    const found = environment(name);
    if (found === undefined) {
      problems.push(`${path}: the environment variable ${name} is not set`);
    }
    return found;
  }
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, key)]));
}
