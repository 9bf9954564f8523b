/** Datasets named on the command line: a catalog made of paths and URLs. */

import {
  type CatalogConfig,
  type DatasetConfig,
  datasetDefaults,
  DEFAULT_LIMITS,
} from "../src/catalog/catalog_file.ts";
import { canonicalScheme } from "../src/origin/canonical_url.ts";
import { UsageError } from "./command_line.ts";

export interface TargetOptions {
  readonly origins: readonly string[];
  readonly format?: string;
}

/**
 * A catalog of `targets`. Each may reach its own folder and every `--origin`.
 *
 * @param cwd the folder that bare paths are relative to, as a `file:` URL
 * @param taken ids that are used already
 * @throws UsageError for an origin that no reference could ever lead to
 */
export function catalogForTargets(
  targets: readonly string[],
  cwd: URL,
  options: TargetOptions,
  taken: Readonly<Record<string, unknown>> = {},
): CatalogConfig {
  const datasets: Record<string, DatasetConfig> = {};
  const origins = options.origins.map((prefix) => originPrefix(prefix, cwd));
  for (const target of targets) {
    const url = targetUrl(target, cwd);
    const folder = new URL(url.href.endsWith("/") ? ".." : ".", url).href;
    const dataset = datasetDefaults(url.href, [folder, ...origins]);
    datasets[freeId(url, { ...taken, ...datasets })] = { ...dataset, format: options.format };
  }
  return { datasets, origins: {}, limits: DEFAULT_LIMITS };
}

/** A URL prefix or a folder's path, as the catalog's `origins` take it. */
function originPrefix(prefix: string, cwd: URL): string {
  const url = `${prefix}${prefix.endsWith("/") ? "" : "/"}`;
  const refuse = (why: string): never => {
    throw new UsageError(`Cannot use --origin ${prefix}: ${why}`);
  };
  if (prefix.includes("*")) {
    refuse("it is a prefix, without wildcards; e.g. s3://bucket/ is all of a bucket");
  }
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(prefix)?.[1].toLowerCase();
  if (scheme === undefined && !/^\.{0,2}\//.test(url)) {
    refuse(`it has no scheme; write https://${url}, or ./${url} for a folder`);
  }
  if (scheme !== undefined && canonicalScheme(scheme) === undefined) {
    refuse(`nothing reads ${scheme} URLs`);
  }
  if (scheme !== undefined && /[?#]/.test(prefix)) refuse("a prefix has no ? and no #");
  return targetUrl(url, cwd).href;
}

/** A URL as it is; anything else is a path, whatever characters it holds. @throws UsageError */
export function targetUrl(target: string, cwd: URL): URL {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) {
    if (URL.canParse(target)) return new URL(target);
    throw new UsageError(`Cannot read "${target}": it is not a URL`);
  }
  const escaped = target.split("/").map(encodeURIComponent).join("/");
  return new URL(escaped, cwd);
}

/** An id from the target's last segment, without the endings of index files. */
function freeId(url: URL, taken: Record<string, unknown>): string {
  const name = decodeURIComponent(url.pathname.split("/").filter(Boolean).at(-1) ?? url.hostname);
  const stem = name.replace(/\.(gz|zst)$/i, "").replace(
    /\.(json|parq|parquet|zarr|icechunk|dmrpp|nc4?|h5|hdf5?|tiff?)$/i,
    "",
  );
  const id = stem.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+$/, "") || "data";
  if (!Object.hasOwn(taken, id)) return id;
  for (let n = 2;; n++) if (!Object.hasOwn(taken, `${id}-${n}`)) return `${id}-${n}`;
}

/** What `serve` prints once it listens: each dataset's URL. */
export function describeTargets(config: CatalogConfig, url: string): string {
  const ids = Object.keys(config.datasets);
  const lines = ids.map((id) => `  ${url}${id}`);
  const noun = ids.length === 1 ? "dataset" : "datasets";
  return `Sluice is serving ${ids.length} ${noun} on ${url}\n${lines.join("\n")}`;
}
