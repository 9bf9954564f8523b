/**
 * Virtual chunk containers: names that a repository gives to places outside itself. In version 2 they
 * are in the configuration of the `repo` file, in version 1 in `config.yaml`.
 */

import { parseDocument } from "yaml";
import { IndexError } from "../../src/errors.ts";
import type { FlexValue } from "./flexbuffer.ts";
import type { Containers } from "./location.ts";

/** A place outside the repository. */
export interface Container {
  /** What the configuration lists it under: its name, or its prefix. */
  readonly label: string;
  /** What locations may call it, `vcc://<name>/…`. */
  readonly name?: string;
  /** What stands before the path of a location, e.g. `s3://bucket/folder/`. */
  readonly urlPrefix: string;
}

const MAX_CONTAINERS = 10_000;

/** The containers of a configuration stored as a FlexBuffer. @throws IndexError */
export function containersOfConfig(config: FlexValue): Container[] {
  const entries = config instanceof Map ? config.get("virtual_chunk_containers") : undefined;
  if (!(entries instanceof Map)) return [];
  return checked([...entries].map(([key, value]) => {
    const field = (name: string) => value instanceof Map ? value.get(name) : undefined;
    return [key, field("name"), field("url_prefix")];
  }));
}

/** The containers of a `config.yaml`. @throws IndexError */
export function containersOfYaml(text: string): Container[] {
  // Its tags (`!s3_compatible`) are unknown here, which is a warning; they name kinds of stores.
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0) {
    throw new IndexError("config.yaml cannot be parsed", {}, document.errors[0]);
  }
  let config: unknown;
  try {
    config = document.toJS();
  } catch (error) {
    throw new IndexError("config.yaml uses too many aliases", {}, error);
  }
  const entries = property(config, "virtual_chunk_containers");
  if (typeof entries !== "object" || entries === null) return [];
  return checked(
    Object.entries(entries).map((
      [key, value],
    ) => [key, property(value, "name"), property(value, "url_prefix")]),
  );
}

/** Name → URL prefix. Of containers with one name, the longest prefix counts. */
export function containersByName(containers: readonly Container[]): Containers {
  return new Map(
    [...containers].sort((a, b) => a.urlPrefix.length - b.urlPrefix.length)
      .flatMap(({ name, urlPrefix }) => name === undefined ? [] : [[name, urlPrefix]]),
  );
}

/** The prefix that a catalog's `origins` would have to name; undefined if it is not a URL prefix. */
export function originPrefix({ urlPrefix }: Container): string | undefined {
  const url = URL.parse(urlPrefix);
  if (!url || (url.host === "" && url.protocol !== "file:")) return undefined;
  return urlPrefix.endsWith("/") ? urlPrefix : `${urlPrefix}/`;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function checked(entries: Array<readonly [key: string, name: unknown, prefix: unknown]>) {
  if (entries.length > MAX_CONTAINERS) {
    throw new IndexError(`The repository has over ${MAX_CONTAINERS} virtual chunk containers`);
  }
  return entries.flatMap(([key, name, urlPrefix]): Container[] =>
    typeof urlPrefix === "string"
      ? [{ label: key, name: typeof name === "string" ? name : undefined, urlPrefix }]
      : []
  );
}
