/**
 * Virtual chunk containers: names that a repository gives to places outside itself. In version 2 they
 * are in the configuration of the `repo` file, in version 1 in `config.yaml`.
 */

import { toReference } from "flatbuffers/js/flexbuffers.js";
import * as yaml from "js-yaml";
import { IndexError } from "../../src/errors.ts";
import { decodeText, parsing } from "./flatbuffer.ts";
import type { Containers } from "./location.ts";

type Reference = ReturnType<typeof toReference>;

/** A place outside the repository. */
export interface Container {
  /** What locations may call it, `vcc://<name>/…`. */
  readonly name?: string;
  /** What stands before the path of a location, e.g. `s3://bucket/folder/`. */
  readonly urlPrefix: string;
}

/** Containers at most. */
const MAX_CONTAINERS = 10_000;
/** Bytes of a `repo` file's configuration at most. */
const MAX_FLEXBUFFER_BYTES = 2 ** 22;
/** Bytes of a `config.yaml` at most: what takes some tens of milliseconds, whatever it holds. */
const MAX_YAML_BYTES = 2 ** 16;
/** The value type of FlexBuffers' untyped vectors. */
const VECTOR = 10;
const WHAT = "The repository's configuration";

/** The fields of each entry of `virtual_chunk_containers`. */
type Entry = readonly [name: unknown, urlPrefix: unknown];

/** The containers of a configuration stored as a FlexBuffer; none if there is no configuration. @throws IndexError */
export function containersOfConfig(config: Uint8Array = new Uint8Array(0)): Container[] {
  if (config.length === 0) return [];
  mustBeAtMost("bytes", config.length, MAX_FLEXBUFFER_BYTES);
  return parsing(WHAT, () => checked(flexEntries(config)));
}

/** The containers of a `config.yaml`. @throws IndexError */
export function containersOfYaml(config: Uint8Array): Container[] {
  mustBeAtMost("bytes", config.length, MAX_YAML_BYTES);
  const text = decodeText(config);
  if (text.trim() === "") return [];
  let root: unknown;
  try {
    root = yaml.load(text, { schema: YAML_SCHEMA, maxDepth: 32, maxAliases: 100 });
  } catch (error) {
    throw new IndexError("config.yaml cannot be parsed", {}, error);
  }
  const member = (map: unknown, name: string) => map instanceof Map ? map.get(name) : undefined;
  const entries = member(root, "virtual_chunk_containers");
  if (!(entries instanceof Map)) return [];
  return checked(
    Array.from(entries.values(), (entry) => [member(entry, "name"), member(entry, "url_prefix")]),
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

/** Icechunk writes kinds of stores as tags (`!s3_compatible`), which mean nothing here. */
const YAML_SCHEMA = yaml.CORE_SCHEMA.withTags(
  yaml.realMapTag,
  yaml.defineMappingTag("!", { ...yaml.realMapTag, matchByTagPrefix: true, identify: () => false }),
  yaml.defineSequenceTag("!", {
    create: (): unknown[] => [],
    addItem: (items, item) => void items.push(item),
    matchByTagPrefix: true,
    identify: () => false,
  }),
  yaml.defineScalarTag("!", {
    resolve: (text) => text,
    matchByTagPrefix: true,
    identify: () => false,
  }),
);

/**
 * Follows the named fields and nothing else. The reader checks no more than that it stays inside the
 * buffer; offsets may lead anywhere in it, any number of times, so that texts are counted.
 */
function flexEntries(config: Uint8Array): Entry[] {
  let left = config.length;
  const text = (value: Reference | undefined) => {
    if (!value?.isString()) return undefined;
    left -= value.length();
    if (left < 0) throw new IndexError(`${WHAT} repeats its text`);
    const found = value.stringValue()!;
    if (found.includes("\ufffd")) throw new IndexError(`${WHAT} holds text that is not UTF-8`);
    return found;
  };
  const containers = flexMember(toReference(config.slice().buffer), "virtual_chunk_containers");
  if (!containers?.isMap()) return [];
  mustBeAtMost("containers", containers.length(), MAX_CONTAINERS);
  const entries = flexValues(containers);
  return Array.from({ length: containers.length() }, (_, i) => {
    const entry = entries.get(i);
    return [text(flexMember(entry, "name")), text(flexMember(entry, "url_prefix"))];
  });
}

function flexMember(map: Reference, name: string): Reference | undefined {
  if (!map.isMap()) return undefined;
  try {
    // Its declaration knows numbers only.
    return map.get(name as unknown as number);
  } catch (error) {
    if (typeof error === "string") return undefined; // its way to say that there is no such key
    throw error;
  }
}

/** The values of a map, which are stored as a vector is; the reader finds them by key only. */
function flexValues(map: Reference): Reference {
  const { constructor } = map as unknown as { constructor: new (...of: unknown[]) => Reference };
  const width = map["packedType"] & 3;
  return new constructor(
    map["dataView"],
    map["offset"],
    map["parentWidth"],
    VECTOR << 2 | width,
    "",
  );
}

function mustBeAtMost(unit: string, count: number, limit: number): void {
  if (count <= limit) return;
  throw new IndexError(
    `${WHAT} has ${count} ${unit}; the limit is ${limit}`,
    { limit },
    undefined,
    "index-too-large",
  );
}

function checked(entries: readonly Entry[]): Container[] {
  mustBeAtMost("containers", entries.length, MAX_CONTAINERS);
  return entries.flatMap(([name, urlPrefix]): Container[] =>
    typeof urlPrefix === "string"
      ? [{ name: typeof name === "string" ? name : undefined, urlPrefix }]
      : []
  );
}
