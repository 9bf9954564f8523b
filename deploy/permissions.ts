/** The Deno permissions that a catalog needs, and no more: the second wall behind the allow-list. */

import { UsageError } from "./command_line.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import type { CatalogConfig } from "../src/catalog/catalog_file.ts";
import { ByteCache } from "../src/byte_cache.ts";
import { SluiceError } from "../src/errors.ts";
import { originsFor } from "../src/origin/mod.ts";

/** Link-local addresses, where clouds keep their metadata and credentials; denied after DNS too. */
const DENIED = [
  "169.254.0.0/16",
  "[fd00:ec2::254]",
  "100.100.100.200",
  "metadata.google.internal",
];

export interface PermissionOptions {
  readonly listen: string;
  readonly variables: readonly string[];
  readonly file?: string;
}

/**
 * The flags of `deno run`, in order. Nothing is opened: the origins are asked where they would go.
 *
 * @throws UsageError for a path that no flag can name
 */
export async function permissionFlags(
  config: CatalogConfig,
  base: URL,
  options: PermissionOptions,
): Promise<string[]> {
  const hosts = new Set<string>([options.listen]);
  const paths = new Set<string>(options.file === undefined ? [] : [options.file]);
  const origins = originsFor({
    settings: config.origins,
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    // A refusal that is not retried, after the one thing that is wanted: the host.
    fetch: (input) => {
      const { protocol, hostname, port } = new URL(input instanceof Request ? input.url : input);
      hosts.add(`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`);
      return Promise.resolve(new Response(null, { status: 404 }));
    },
  });
  const catalog = new Catalog(config, base, {
    openManifest: () => Promise.reject(new SluiceError("internal", "Nothing is opened here")),
    originFor: origins,
    cache: new ByteCache(1),
  });
  for (const { url, config: dataset, origin } of catalog.datasets.values()) {
    for (const target of [url.href, ...dataset.origins]) {
      const place = new URL(target.endsWith("/") ? `${target}probe` : target);
      if (place.protocol === "file:") {
        paths.add(decodeURIComponent(new URL(target).pathname));
        continue;
      }
      await origin.head({ url: place }).catch((error) => {
        if (!(error instanceof SluiceError)) throw error;
      });
    }
  }
  for (const path of paths) {
    if (path.includes(",")) {
      throw new UsageError(`Deno cannot be allowed a path with a comma; rename or link ${path}`);
    }
  }
  for (const { redirects } of Object.values(config.origins)) {
    for (const place of redirects ?? []) {
      const [host] = place.split("/");
      hosts.add(host.includes(":") ? host : `${host}:443`);
    }
  }
  return [
    `--allow-net=${[...hosts].join(",")}`,
    `--deny-net=${DENIED.join(",")}`,
    ...(paths.size > 0 ? [`--allow-read=${[...paths].join(",")}`] : []),
    ...(options.variables.length > 0 ? [`--allow-env=${options.variables.join(",")}`] : []),
  ];
}

export function shellWords(words: readonly string[]): string {
  return words.map((word) =>
    /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

/** The environment variables that a catalog file's text names as `$NAME` values. */
export function variablesOf(text: string): string[] {
  const names = [...text.matchAll(/"\$([A-Za-z_][A-Za-z0-9_]*)"/g)].map((match) => match[1]);
  return [...new Set(names)].sort();
}
