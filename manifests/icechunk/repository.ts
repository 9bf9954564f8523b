/**
 * A repository's files at their origin. Files named by an object id never change and are kept in the
 * cache, unpacked; `repo` and the version 1 references change and are read by their callers.
 */

import { IndexError, OriginError } from "../../src/errors.ts";
import type { OpenOptions, Validator } from "../../src/manifest.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { type ManifestFile, readManifestFile } from "./manifest_file.ts";
import { unpackMetadataFile } from "./metadata_file.ts";
import { SnapshotFile } from "./snapshot_file.ts";

/** A file that may change, as it was when it was read. */
export interface ReadFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly validator?: Validator;
}

/** Lets other work have a turn. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** The files below a repository's URL. */
export class Repository {
  /** The repository as a folder: ends in a slash, has no query. */
  readonly base: URL;

  constructor(url: URL, readonly origin: Origin, readonly options: OpenOptions) {
    this.base = new URL(url);
    this.base.search = this.base.hash = "";
    if (!this.base.pathname.endsWith("/")) this.base.pathname += "/";
  }

  /** The URL of a file, by a path whose segments are escaped. */
  url(path: string): URL {
    return new URL(this.base.href + path);
  }

  /**
   * Reads a whole file that may change; undefined if it still is as `unless` says.
   *
   * @throws OriginError
   */
  async read(path: string, unless?: Validator): Promise<ReadFile | undefined> {
    const { maxIndexBytes } = this.options;
    const body = await this.origin.read(this.url(path), undefined, { unless });
    if (body.notModified) {
      await body.cancel();
      return undefined;
    }
    if (body.length !== undefined && body.length > maxIndexBytes) {
      await body.cancel();
      throw new IndexError(
        `${path} is ${body.length} bytes, over the ${maxIndexBytes} of limits.indexCacheBytes`,
        {},
        undefined,
        "index-too-large",
      );
    }
    return { bytes: await body.bytes(maxIndexBytes), validator: body.validator };
  }

  /** A snapshot's file. @throws IndexError, OriginError (`absent` if there is none) */
  snapshot(id: string): Promise<SnapshotFile> {
    const path = `snapshots/${id}`;
    return this.#cached(path, async () => {
      const value = new SnapshotFile(await this.#body(path, "snapshot"));
      sameId(path, id, value.id);
      return { value, bytes: value.bytes };
    });
  }

  /** A snapshot's file; undefined if there is none any more. @throws IndexError, OriginError */
  async snapshotIfPresent(id: string): Promise<SnapshotFile | undefined> {
    try {
      return await this.snapshot(id);
    } catch (error) {
      if (error instanceof OriginError && error.absent) return undefined;
      throw error;
    }
  }

  /**
   * A manifest's file.
   *
   * @param fileBytes what the snapshot says of its length
   */
  manifest(id: string, fileBytes: () => number | undefined): Promise<ManifestFile> {
    const path = `manifests/${id}`;
    return this.#cached(path, async () => {
      const body = await this.#body(path, "manifest", fileBytes());
      let value: ManifestFile;
      try {
        value = await readManifestFile(body, pause);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new IndexError("A manifest file refers to bytes outside itself", { path }, error);
      } finally {
        // Up to hundreds of megabytes, and nobody else has it: do not wait for the collector.
        body.buffer.transfer(0);
      }
      sameId(path, id, value.id);
      return { value, bytes: value.bytes };
    });
  }

  /** The manifest file if it is in the cache. */
  manifestAtHand(id: string): ManifestFile | undefined {
    return this.options.cache.peek(this.#key(`manifests/${id}`));
  }

  /** Something made of this repository's unchanging files, kept in the cache. */
  cached<T>(key: string, make: () => Promise<{ value: T; bytes: number }>): Promise<T> {
    return this.#cached(key, make);
  }

  /** Like {@link cached}, only if it is there already. */
  atHand<T>(key: string): T | undefined {
    return this.options.cache.peek(this.#key(key));
  }

  #key(path: string): string {
    return `icechunk ${this.base.href} ${path}`;
  }

  #cached<T>(path: string, load: () => Promise<{ value: T; bytes: number }>): Promise<T> {
    return this.options.cache.load(this.#key(path), load);
  }

  async #body(path: string, type: "snapshot" | "manifest", fileBytes?: number) {
    const file = await this.read(path);
    const bytes = file!.bytes;
    if (fileBytes !== undefined && fileBytes !== bytes.length) {
      throw new IndexError(`A ${type} file is ${bytes.length} bytes, not the ${fileBytes} it had`, {
        path,
      });
    }
    return (await unpackMetadataFile(bytes, type, this.options.maxIndexBytes)).body;
  }
}

function sameId(path: string, wanted: string, found: string): void {
  if (found !== wanted) throw new IndexError(`A file holds another object, ${found}`, { path });
}
