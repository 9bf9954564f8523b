/** Repositories on disk for the Icechunk tests, and an origin that reads them and counts. */

import { icechunk } from "../../../manifests/icechunk/mod.ts";
import { ByteCache } from "../../../src/byte_cache.ts";
import { OriginError } from "../../../src/errors.ts";
import type { Manifest, OpenOptions } from "../../../src/manifest.ts";
import { memoryBody, notModifiedBody } from "../../../src/origin/body.ts";
import type { Origin, ReadOptions } from "../../../src/origin/origin.ts";
import type { SourceFile } from "../../../src/origin/source_file.ts";

/** A reference as the fixtures' writer made it. */
export interface Told {
  readonly text?: string;
  readonly inline?: boolean;
  readonly location?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly etagChecksum?: string;
  readonly lastModified?: number;
}

/** What `fixtures/write.cjs` put into a repository: version name → snapshot id, and its chunks. */
export interface Fixture {
  readonly main: string;
  readonly "v1.0": string;
  readonly "dev it": string;
  /** Snapshot id → `path coords` → reference. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, Told>>>>;
}

/** What was put into the repository of a specification version. */
export function fixture(spec: 1 | 2): Fixture {
  const file = new URL(`fixtures/v${spec}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(file));
}

/** Chunk `i` of the array `g/sub/many`, whose locations are compressed in version 2. */
export function manyRef(i: number) {
  const name = `${1900 + (i >> 3)}/day_${i % 366}_${Math.imul(i, 40503)}.nc`;
  return {
    location: `https://data.example.org/archive/${name}`,
    offset: i * 1000,
    length: 100 + i,
  };
}

/** The files of a folder by their names relative to it. */
export function filesOf(folder: URL): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const walk = (at: URL, prefix: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(at)) {
      const below = new URL(encodeURIComponent(name) + (isDirectory ? "/" : ""), at);
      if (isDirectory) walk(below, `${prefix}${name}/`);
      else files.set(prefix + name, Deno.readFileSync(below));
    }
  };
  walk(folder, "");
  return files;
}

/** The files of the repository of a specification version. */
export function fixtureFiles(spec: 1 | 2): Map<string, Uint8Array<ArrayBuffer>> {
  return filesOf(new URL(`fixtures/v${spec}/`, import.meta.url));
}

/** Where {@link FileOrigin} has its files. */
export const REPO_URL = new URL("https://repo.example.org/data%20sets/repo");

/** Files in memory as an origin that cannot list. */
export class MemoryOrigin implements Origin {
  /** Names asked for, in order; `(unchanged)` behind those that were answered so. */
  readonly asked: string[] = [];
  /** What a missing file is answered with. */
  missing = 404;
  #generation = new Map<string, number>();

  constructor(readonly files: Map<string, Uint8Array<ArrayBuffer>>) {}

  /** Replaces a file. */
  put(name: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.files.set(name, bytes);
    this.#generation.set(name, (this.#generation.get(name) ?? 0) + 1);
  }

  read({ url }: SourceFile, _range: unknown, options: ReadOptions = {}) {
    const name = decodeURIComponent(url.href.slice(REPO_URL.href.length + 1));
    const bytes = this.files.get(name);
    if (!bytes) {
      this.asked.push(name);
      const context = { url: url.href, originStatus: this.missing };
      return Promise.reject(new OriginError("reference-unreachable", "missing", context));
    }
    const validator = { etag: `"${this.#generation.get(name) ?? 0}"` };
    const unchanged = options.unless?.etag === validator.etag;
    this.asked.push(unchanged ? `${name} (unchanged)` : name);
    return Promise.resolve(
      unchanged ? notModifiedBody(validator) : memoryBody(bytes.slice(), { validator }),
    );
  }

  head(): Promise<never> {
    return Promise.reject(new TypeError("not asked for"));
  }
}

/** Opens a repository at {@link REPO_URL}. */
export function open(origin: Origin, options: Partial<OpenOptions> = {}): Promise<Manifest> {
  return icechunk.open(REPO_URL, origin, {
    cache: new ByteCache(1 << 26),
    maxIndexBytes: 1 << 26,
    ...options,
  });
}
