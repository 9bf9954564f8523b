/** The catalog file: which datasets exist, what their references may reach, with which credentials. */

import { parse as parseJsonc, type ParseError, printParseErrorCode } from "jsonc-parser";
import * as v from "valibot";

/** A catalog that cannot be used; the message starts with the JSON path of the fault. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
}

/** What a dataset id may look like: segments of `[A-Za-z0-9._-]`, with `/` between them. */
export const DATASET_ID =
  /^(?!\.\.?(\/|$)|-(\/|$))[A-Za-z0-9._-]+(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)*$/;

const count = v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(0));

const DatasetSchema = v.strictObject({
  url: v.pipe(v.string(), v.minLength(1)),
  format: v.optional(v.string()),
  title: v.optional(v.string()),
  description: v.optional(v.string()),
  license: v.optional(v.string()),
  origins: v.optional(v.array(v.pipe(v.string(), v.endsWith("/", "a prefix must end in /"))), []),
  maxAge: v.optional(count, 60),
  branch: v.optional(v.string()),
  validate: v.optional(v.boolean(), true),
  tokens: v.optional(v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1))),
});

const OriginSchema = v.strictObject({
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
  basic: v.optional(v.strictObject({ user: v.string(), password: v.string() })),
  headers: v.optional(v.record(v.string(), v.string())),
  sas: v.optional(v.string()),
  redirects: v.optional(v.array(v.string())),
  coalesce: v.optional(v.boolean()),
});

const LimitsSchema = v.strictObject({
  indexCacheBytes: v.optional(count, 64 * 2 ** 20),
  chunkCacheBytes: v.optional(count, 64 * 2 ** 20),
  concurrentPerOrigin: v.optional(v.pipe(count, v.minValue(1)), 64),
  requestTimeoutMs: v.optional(v.pipe(count, v.minValue(1)), 30_000),
  requestsPerSecondPerToken: v.optional(v.pipe(v.number(), v.gtValue(0))),
  requestsPerSecondPerAddress: v.optional(v.pipe(v.number(), v.gtValue(0))),
});

const CatalogSchema = v.strictObject({
  $schema: v.optional(v.string()),
  datasets: v.record(
    v.pipe(v.string(), v.regex(DATASET_ID, "an id is [A-Za-z0-9._-]+, with / between segments")),
    DatasetSchema,
  ),
  origins: v.optional(
    v.record(v.pipe(v.string(), v.endsWith("/", "a prefix must end in /")), OriginSchema),
    {},
  ),
  limits: v.optional(LimitsSchema, {}),
});

/** One dataset of a catalog file, with its defaults filled in; URLs as written. */
export type DatasetConfig = v.InferOutput<typeof DatasetSchema>;
/** What to know of one origin prefix: region, endpoint, credentials. */
export type OriginConfig = v.InferOutput<typeof OriginSchema>;
/** The caps of DESIGN §7: bytes, reads under way, milliseconds. */
export type Limits = v.InferOutput<typeof LimitsSchema>;
/** A catalog file with its defaults filled in. */
export type CatalogConfig = v.InferOutput<typeof CatalogSchema>;

/** The limits that hold where no catalog says otherwise. */
export const DEFAULT_LIMITS: Limits = v.parse(LimitsSchema, {});

/** A dataset's defaults around `url`. */
export function datasetDefaults(url: string, origins: string[]): DatasetConfig {
  return v.parse(DatasetSchema, { url, origins });
}

/**
 * Parses and validates a catalog file (JSON; comments and trailing commas are allowed).
 *
 * @param environment looks up `$NAME` values
 * @throws CatalogError that starts with the JSON path, e.g. `datasets.mur.url: …`
 */
export function parseCatalog(
  text: string,
  environment: (name: string) => string | undefined,
): CatalogConfig {
  const errors: ParseError[] = [];
  const raw = parseJsonc(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) {
    const line = text.slice(0, errors[0].offset).split("\n").length;
    throw new CatalogError(`line ${line}: not JSON: ${printParseErrorCode(errors[0].error)}`);
  }
  const expanded = expandEnvironment(raw, "", environment);
  const result = v.safeParse(CatalogSchema, expanded);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new CatalogError(`${v.getDotPath(issue) ?? "the catalog"}: ${issue.message}`);
}

/** Replaces each string that is `$NAME` as a whole by the variable's value. */
function expandEnvironment(
  value: unknown,
  path: string,
  environment: (name: string) => string | undefined,
): unknown {
  if (typeof value === "string") {
    const name = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
    if (name === undefined) return value;
    const found = environment(name);
    if (found === undefined) {
      throw new CatalogError(`${path}: the environment variable ${name} is not set`);
    }
    return found;
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => expandEnvironment(item, `${path}.${i}`, environment));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      expandEnvironment(item, path ? `${path}.${key}` : key, environment),
    ]),
  );
}
