/** An origin of files in memory that counts what is asked of it. */

import { ByteCache } from "../../src/byte_cache.ts";
import { OriginError } from "../../src/errors.ts";
import type { OpenOptions } from "../../src/manifest.ts";
import { memoryBody, notModifiedBody } from "../../src/origin/body.ts";
import type { ListEntry, Origin } from "../../src/origin/origin.ts";

/** Files by URL; a change of a file's bytes changes its entity tag. */
export interface MemoryOrigin {
  readonly origin: Origin;
  readonly files: Map<string, Uint8Array>;
  /** What was asked, in order: `read URL`, `head URL`, `list URL`, `304 URL`. */
  readonly asked: string[];
  /** URL → what reading it throws. */
  readonly faults: Map<string, Error>;
}

const encoder = new TextEncoder();

/** @param listable whether folders can be listed */
export function memoryOrigin(
  files: Record<string, Uint8Array | string>,
  listable = false,
): MemoryOrigin {
  const held = new Map(
    Object.entries(files).map(([url, content]) => [
      new URL(url).href,
      typeof content === "string" ? encoder.encode(content) : content,
    ]),
  );
  const asked: string[] = [];
  const faults = new Map<string, Error>();
  const etags = new WeakMap<Uint8Array, string>();
  let states = 0;

  function find(url: URL): { bytes: Uint8Array; validator: { etag: string } } {
    const fault = faults.get(url.href);
    if (fault) throw fault;
    const bytes = held.get(url.href);
    if (!bytes) {
      throw new OriginError("reference-unreachable", "There is no such file", {
        url: url.href,
        originStatus: 404,
      });
    }
    if (!etags.has(bytes)) etags.set(bytes, `"${states++}"`);
    return { bytes, validator: { etag: etags.get(bytes) as string } };
  }

  const origin: Origin = {
    async read({ url }, range, options = {}) {
      await Promise.resolve();
      const { bytes, validator } = find(url);
      if (options.unless?.etag === validator.etag) {
        asked.push(`304 ${url.href}`);
        return notModifiedBody(validator);
      }
      asked.push(`read ${url.href}`);
      const part = range ? bytes.slice(range.offset, range.offset + range.length) : bytes.slice();
      return memoryBody(part, { validator, objectLength: bytes.length });
    },
    async head({ url }) {
      await Promise.resolve();
      asked.push(`head ${url.href}`);
      const { bytes, validator } = find(url);
      return { length: bytes.length, validator };
    },
    async list({ url }) {
      await Promise.resolve();
      if (!listable) return undefined;
      asked.push(`list ${url.href}`);
      const entries = new Map<string, ListEntry>();
      for (const href of held.keys()) {
        if (!href.startsWith(url.href)) continue;
        const [name, ...rest] = href.slice(url.href.length).split("/");
        const kind = rest.length > 0 ? "folder" : "object";
        entries.set(name, { name: decodeURIComponent(name), kind });
      }
      return [...entries.values()];
    },
  };
  return { origin, files: held, asked, faults };
}

/** Options as a server opens an index with, with a cache of their own. */
export function openOptions(maxIndexBytes = 64 * 2 ** 20): OpenOptions {
  return { cache: new ByteCache(maxIndexBytes), maxIndexBytes };
}
